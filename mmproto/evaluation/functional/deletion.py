"""Evidence of cells after some of their concepts are removed."""

from collections.abc import Callable, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from .completeness import ROUNDING

# Orders in which the concepts of a cell are removed.
ORDERS = ('contribution', 'random_active', 'random_all')

Link = Callable[[Tensor], Tensor]


def shuffled_concepts(concepts: int, cells: int, seed: int) -> Tensor:
    """Shuffle the concepts of each cell (K,n)."""
    generator = torch.Generator().manual_seed(seed)
    keys = torch.rand(cells, concepts, generator=generator)
    return keys.argsort(dim=1).T


class Cells:
    """Decisions of some cells.

    Args:
        activations: Concept activations (K,n).
        evidence: Evidence of the model (C,n).
        class_weights: Weights (C,K).
        link: Turns evidence into probabilities.
    """

    def __init__(
        self,
        activations: Tensor,
        evidence: Tensor,
        class_weights: Tensor,
        link: Link,
    ) -> None:
        self.activations = activations
        self.class_weights = class_weights
        self.link = link
        largest, self.predicted = evidence.max(dim=0)  # n
        self.contributions = class_weights[self.predicted].T * activations
        self.order = self.contributions.T.argsort(dim=1, descending=True).T
        rest = evidence - class_weights @ activations  # C,n
        # Rounding is no evidence: with nothing else left it would decide.
        self.rest = rest.masked_fill(rest.abs() <= ROUNDING * largest.abs(), 0)

    def stages(
        self, random: Tensor, steps: Sequence[int]
    ) -> list[tuple[Tensor, Tensor]]:
        """List the concepts (K,n) in each order, and when they are removed.

        Args:
            random: Concepts (K,n) in random order.
            steps: Numbers of concepts removed after each step.

        Returns:
            Concepts (K,n) and the number of the last step without them.
        """
        count = torch.arange(steps[-1], device=random.device)
        inner = count.new_tensor(steps[1:-1])
        stage = torch.bucketize(count, inner, right=True)  # of each place
        active = (self.contributions > 0).gather(0, random)
        before = active.cumsum(0)
        after = before[-1] + count[:, None] - before
        place = torch.where(active, before - 1, after)
        return [
            (self.order, stage[:, None]),
            (random, stage[place]),
            (random, stage[:, None]),
        ]

    def evidence(
        self, concepts: Tensor, stages: Tensor, num_steps: int
    ) -> tuple[Tensor, Tensor]:
        """Compute the evidence (C,T,n) after each deletion and insertion.

        Both are sums of what is there, never differences: small evidence
        would be lost in the rounding of the large.
        """
        size = num_steps - 1
        number, cells = concepts.shape
        parts = self.activations.new_zeros(number * size, cells)
        values = self.activations.gather(0, concepts)
        parts.scatter_(0, concepts * size + stages, values)
        sums = self.class_weights @ parts.view(number, -1)  # C,T*n
        gone = sums.view(-1, size, cells).unbind(1)  # by each step
        left = list(accumulate(reversed(gone), initial=self.rest))
        there = list(accumulate(gone, initial=self.rest))
        return (
            torch.stack(left[::-1], dim=1).clamp_min_(0),
            torch.stack(there, dim=1).clamp_min_(0),
        )

    def probability(self, evidence: Tensor) -> Tensor:
        """Return the probability (T,n) of the predicted class.

        Args:
            evidence: After each step (C,T,n).
        """
        index = self.predicted.expand(1, *evidence.shape[1:])
        return self.link(evidence).gather(0, index)[0]
