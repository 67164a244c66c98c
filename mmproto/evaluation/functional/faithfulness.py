"""How decisions change when concepts are deleted or inserted.

Petsiuk et al. 2018 (RISE, section 4) delete and insert pixels in the order of
their importance; Samek et al. 2017 compare with a random order. Here concepts
take the place of pixels, in each cell separately.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .deletion import ORDERS, Cells, Link, shuffled_concepts
from .states import KEPT

KINDS = ('deletion', 'insertion')
AREA_END = 34  # concepts; a decision of a sparse model needs far fewer
_RANKED = 5  # largest contributions whose order is checked
# Cells examined per image: neighbours decide in the same way.
_MAX_CELLS = 256


@dataclass
class Removal:
    """Sums over cells.

    Args:
        steps: Numbers of concepts that were deleted or inserted.
        probability: Probability of the class predicted by all concepts, for
            each kind and order, after each step (2,3,T), float64.
        cells: Number of cells, int64.
        agreeing: Cells (T,) that keep their class with the first concepts
            only, int64.
        confusion: Cells (T,C,C) of each label and class with these, int64.
        pairs: Pairs of contributions (2,), int64: those in the order of
            their effects minus those against it, and all.
    """

    steps: tuple[int, ...] = field(metadata=KEPT)
    probability: Tensor
    cells: Tensor
    agreeing: Tensor
    confusion: Tensor
    pairs: Tensor


def removal_steps(
    num_concepts: int, wanted: Sequence[int] | None = None
) -> tuple[int, ...]:
    """List numbers of concepts to delete, rising from none to all.

    Args:
        num_concepts: Concepts ``K``.
        wanted: Numbers in between; by default 1, 2, 3, 5, 8, 13, ...
    """
    if wanted is None:
        wanted = [1, 2]
        while wanted[-1] < num_concepts:
            wanted.append(wanted[-1] + wanted[-2])
    inside = {n for n in [*wanted, AREA_END] if n < num_concepts}
    return tuple(sorted({0, *inside, num_concepts}))


def sampled_cells(height: int, width: int) -> tuple[slice, slice]:
    """Choose rows and columns of an even grid of at most 256 cells."""
    strides = [1, 1]
    while True:
        sizes = [-(-n // s) for n, s in zip((height, width), strides)]
        if sizes[0] * sizes[1] <= _MAX_CELLS:
            rows, columns = (
                slice((n - 1) % s // 2, None, s)  # as far from both ends
                for n, s in zip((height, width), strides)
            )
            return rows, columns
        strides[sizes[1] > sizes[0]] += 1


@torch.no_grad()
def measure_removal(
    activations: Tensor,
    evidence: Tensor,
    class_weights: Tensor,
    labels: Tensor,
    link: Link,
    steps: tuple[int, ...],
    seed: int,
) -> Removal:
    """Delete and insert the concepts of cells.

    What the model's evidence holds beyond the contributions stays, as it
    would if the network ran with fewer concepts.

    Args:
        activations: Concept activations (K,n).
        evidence: Evidence of the model (C,n).
        class_weights: Weights (C,K) that make the contributions.
        labels: Ground truth (n,); labels of no class are left out.
        link: Turns evidence (C,...), not negative, into probabilities.
        steps: Numbers of concepts, from :func:`removal_steps`.
        seed: Seed of the random orders.
    """
    activations, evidence = activations.float(), evidence.float()
    cells = Cells(activations, evidence, class_weights.float(), link)
    random = shuffled_concepts(len(activations), labels.numel(), seed)
    probability = torch.zeros(
        len(KINDS), len(ORDERS), len(steps), dtype=torch.float64
    )
    for index, (concepts, stages) in enumerate(
        cells.stages(random.to(labels.device), steps)
    ):
        both = cells.evidence(concepts, stages, len(steps))
        for kind, remaining in enumerate(both):
            total = cells.probability(remaining).sum(1, dtype=torch.float64)
            probability[kind, index] = total.cpu()
        if ORDERS[index] == 'contribution':
            decided = both[1].max(dim=0).indices  # T,n; faster than argmax
    return Removal(
        steps=steps,
        probability=probability,
        cells=torch.tensor(labels.numel()),
        agreeing=(decided == cells.predicted).sum(dim=1).cpu(),
        confusion=_confusion(labels, decided, len(evidence)),
        pairs=_ranked_pairs(cells),
    )


def mean_heights(state: Removal) -> Tensor:
    """Compute the areas (2,3) under the curves of each kind and order.

    Means over the logarithm ``log2(1 + n)`` of the number of concepts, up to
    34 or all: on a linear axis, most of the width would show decisions that
    have lost everything, and more so the more concepts a model has.
    """
    steps = [n for n in state.steps if n <= AREA_END]
    x = torch.tensor(steps, dtype=torch.float64).log1p()
    curves = state.probability[..., : len(steps)] / state.cells
    return torch.trapezoid(curves, x) / x[-1]


def mean_ious(state: Removal) -> list[float] | None:
    """Compute the mean IoU with the first concepts only, by step.

    Over classes that occur in labels or decisions, as in mmseg.

    Returns:
        Values by step; ``None`` without labels.
    """
    if not state.confusion.any():
        return None
    hits = state.confusion.diagonal(dim1=1, dim2=2)  # T,C
    union = state.confusion.sum(1) + state.confusion.sum(2) - hits
    return (hits.double() / union).nanmean(dim=1).tolist()


def _confusion(labels: Tensor, decided: Tensor, classes: int) -> Tensor:
    """Count cells (T,C,C) by label (n,) and decision (T,n)."""
    known = (labels >= 0) & (labels < classes)
    pairs = labels[known] * classes + decided[:, known]
    return (
        torch.stack(
            [step.bincount(minlength=classes * classes) for step in pairs]
        )
        .view(-1, classes, classes)
        .cpu()
    )


def _ranked_pairs(cells: Cells) -> Tensor:
    """Count the pairs (2,) of large contributions that rank as their effects.

    The effect of a concept is what deleting it alone takes from the
    probability of the predicted class.
    """
    top = cells.order[:_RANKED]  # R,n
    values = cells.contributions.gather(0, top)
    left = [
        cells.class_weights @ cells.activations.scatter(0, concept[None], 0)
        for concept in top
    ]
    evidence = torch.stack(left, dim=1) + cells.rest[:, None]  # C,R,n
    remaining = cells.probability(evidence.clamp_min_(0))
    more, less = torch.triu_indices(len(top), len(top), 1)
    agree = torch.sign(remaining[less] - remaining[more])
    counted = (values[less] > 0) & (values[less] < values[more])
    return torch.stack([(agree * counted).sum(), counted.sum()]).long().cpu()
