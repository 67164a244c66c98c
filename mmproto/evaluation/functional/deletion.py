"""Evidence of cells after some of their concepts are gone."""

from collections.abc import Callable, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from .completeness import ROUNDING

# Orders in which the concepts of a cell go.
ORDERS = ('contribution', 'random_active', 'random_all')

Link = Callable[[Tensor], Tensor]


def shuffled_concepts(concepts: int, cells: int, seed: int) -> Tensor:
    """Concepts (K,n) in a random order for each cell."""
    generator = torch.Generator().manual_seed(seed)
    keys = torch.rand(cells, concepts, generator=generator)
    return keys.argsort(dim=1).T


class Cells:
    """Decisions of some cells.

    Args:
        activations: Of concepts (K,n).
        evidence: Of the model (C,n).
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
        """Concepts (K,n) in each of the orders, and when they go.

        Args:
            random: Concepts (K,n) in random order.
            steps: Numbers of concepts that are gone after each step.

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
        """Evidence (C,T,n) by deletion and by insertion after each step.

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
        """Probability (T,n) of the predicted class by evidence (C,T,n)."""
        index = self.predicted.expand(1, *evidence.shape[1:])
        return self.link(evidence).gather(0, index)[0]
