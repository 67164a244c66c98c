"""Whether concepts differ: overlap of their maps, cosine of prototypes.

Pure functions: measure an image, join what was measured, compute the numbers.
One matrix product of binary maps compares all pairs of concepts.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .concept_usage import (
    UsageSums,
    duplicate_pairs,
    empty_usage,
    measure_batch,
    update_usage,
)

QUANTILE = 0.95  # of a map, as ScaleProtoSeg has it
DUPLICATE_COSINE = 0.95
DUPLICATE_OVERLAP = 0.8


@dataclass(frozen=True)
class Overlaps:
    """Cells that maps share, summed over images.

    Args:
        shared: Cells in the active regions of two concepts (K,K), float64;
            on the diagonal, those of one.
        published: Intersection and union (C,2) by ScaleProtoSeg's
            definition, float64.
        corrected: The same for active regions and for all concepts with
            weight for the class.
        usage: How the images use the concepts.
        labelled: Images that show a class.
    """

    shared: Tensor
    published: Tensor
    corrected: Tensor
    usage: UsageSums
    labelled: int


def strongest_regions(maps: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Find where maps are above their own 0.95 quantile.

    Source: eceo-epfl/ScaleProtoSeg, segmentation/analysis/
    prototype_overlap.py, commit dd3d32c. There the region is strictly above
    the quantile: a map with ties at its top, or a constant one, has none, and
    a concept that the image does not show has one in the noise.

    Args:
        maps: Map of each concept (K,n), at any resolution.
        threshold: Activation that shows a concept to be present.

    Returns:
        The published regions (K,n), and the active ones (K,n): not below the
        quantile, and above the threshold.
    """
    count = maps.shape[1]
    place = QUANTILE * (count - 1)
    lower, upper = int(place), -int(-place // 1)
    top = maps.topk(count - lower, dim=1).values
    # A linear quantile lies between these two, and no value does: strictly
    # above it is above the lower one, at least it is at least the upper one.
    below, above = top[:, -1:], top[:, count - 1 - upper, None]
    return maps > below, (maps >= above) & (maps > threshold)


def _count_shared(regions: Tensor) -> Tensor:
    """Count the cells that two regions share (K,K), float64.

    Args:
        regions: Binary maps (K,n), fewer than 2**24 cells.
    """
    binary = regions.float()
    return (binary @ binary.T).double().cpu()


def _sum_pairs(shared: Tensor, member: Tensor) -> Tensor:
    """Sum intersections and unions over the pairs of concepts of a class.

    Args:
        shared: Cells that two concepts share (K,K), float64.
        member: Whether a class has a concept (C,K).

    Returns:
        Sums of each class (C,2), float64.
    """
    member = member.double()
    own = member @ shared.diagonal()  # C
    both_ways = ((member @ shared) * member).sum(dim=1)
    intersection = (both_ways - own) / 2
    # each concept is in as many pairs as the class has others
    union = (member.sum(dim=1) - 1) * own - intersection
    return torch.stack([intersection, union], dim=1)


def measure_overlaps(
    maps: Tensor, class_weights: Tensor, shown: Tensor, threshold: float
) -> Overlaps:
    """Measure one image.

    Args:
        maps: Concept activations (K,H,W), at any resolution.
        class_weights: Non-negative weights (C,K). In the published numbers, a
            concept belongs to the class of its largest weight.
        shown: Whether the image shows a class (C,), bool.
        threshold: Activation that shows a concept to be present.
    """
    published, active = map(
        _count_shared, strongest_regions(maps.flatten(1), threshold)
    )
    speaks = class_weights.cpu() > 0  # C,K
    owner = F.one_hot(class_weights.argmax(dim=0).cpu(), len(speaks)).T
    labelled = int(shown.any())
    shown = shown.cpu()[:, None]
    usage = empty_usage(len(maps))
    return Overlaps(
        shared=active,
        published=_sum_pairs(published, owner * speaks) * shown,
        corrected=_sum_pairs(active, speaks) * shown,
        usage=update_usage(usage, measure_batch(maps[None]), threshold),
        labelled=labelled,
    )


def intersection_over_union(sums: Tensor) -> Tensor:
    """Divide sums (...,2) into ratios (...,); NaN where no region is."""
    return sums[..., 0] / sums[..., 1]


def map_overlap(shared: Tensor) -> Tensor:
    """Compute the intersection over union of the regions of concepts.

    Args:
        shared: Cells that they share (K,K).

    Returns:
        Overlaps (K,K); 0 for concepts without a region, also with itself.
    """
    sizes = shared.diagonal()
    union = sizes[:, None] + sizes - shared
    return shared / union.clamp(min=1)


def prototype_cosines(vectors: Tensor) -> Tensor:
    """Compute the cosine of every pair of prototypes.

    Args:
        vectors: Vectors (P,D) of any length; one of length 0 has cosine 0.

    Returns:
        Cosines (P,P), float64.
    """
    unit = F.normalize(vectors.detach().cpu().double(), dim=1)
    return unit @ unit.T


def concept_cosines(cosines: Tensor, prototypes_per_concept: int) -> Tensor:
    """Take the largest cosine between the prototypes of two concepts (K,K).

    Args:
        cosines: Cosines of prototypes (P,P).
        prototypes_per_concept: Prototype p belongs to concept ``p // M``.
    """
    size = prototypes_per_concept
    blocks = cosines.unflatten(0, (-1, size)).unflatten(2, (-1, size))
    return blocks.amax(dim=(1, 3))


def off_diagonal(
    values: Tensor | None,
) -> tuple[float, float] | tuple[None, None]:
    """Return mean and maximum over pairs; ``None`` without any.

    Args:
        values: Symmetric (P,P), if known.
    """
    if values is None or len(values) < 2:
        return None, None
    upper = torch.ones_like(values, dtype=torch.bool).triu(1)
    pairs = values[upper]
    return float(pairs.mean()), float(pairs.max())


def find_duplicates(
    overlap: Tensor, cosines: Tensor | None
) -> list[tuple[int, int]]:
    """Find pairs of concepts that are the same.

    Args:
        overlap: Result of :func:`map_overlap` (K,K), to be above 0.8.
        cosines: Result of :func:`concept_cosines` (K,K), to be above 0.95;
            ``None`` for layers without vectors: the overlap decides alone.
    """
    pairs = duplicate_pairs(overlap, DUPLICATE_OVERLAP)
    if cosines is None:
        return pairs
    near = set(duplicate_pairs(cosines, DUPLICATE_COSINE))
    return [pair for pair in pairs if pair in near]
