"""Which parts a concept hits in one image, by three published definitions.

A concept belongs to the class of its largest weight.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .part_targets import PartTargets

BOX = 36 / 224  # half a side of EvalProtoPNet's box, as a share of the image
QUANTILE = 0.8  # of ScaleProtoSeg
CONCEPTS_AT_ONCE = 4  # maps at the size of the image that fit into a cache


def owners(class_weights: Tensor) -> Tensor:
    """Find the class of the largest weight (K,); -1 without any weight.

    Args:
        class_weights: Weights (C,K) >= 0.
    """
    weight, owner = class_weights.max(dim=0)
    return torch.where(weight > 0, owner, -1)


def peaks(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Find the largest value of maps that are resized bicubically.

    Source: EvalProtoPNet, util/eval_interpretability.py
    get_corresponding_object_parts @ ab33e5d.

    Args:
        maps: Activations (K,H,W).
        size: Rows and columns ``h, w`` to resize to.

    Returns:
        Row and column of the first maximum (K,2), int64.
    """
    down, across = (
        _bicubic(target, maps.shape[axis], maps)
        for axis, target in enumerate(size, 1)
    )
    found = [torch.zeros(0, 2, dtype=torch.int64, device=maps.device)]
    for some in maps.split(CONCEPTS_AT_ONCE):
        full = down @ some @ across.T  # k,h,w
        row = full.amax(dim=2).argmax(dim=1)
        column = full[torch.arange(len(some)), row].argmax(dim=1)
        found.append(torch.stack([row, column], dim=1))
    return torch.cat(found)


def box_hits(
    maps: Tensor, owner: Tensor, targets: PartTargets, box: float = BOX
) -> Tensor:
    """Find the parts near the peak of each concept, as EvalProtoPNet does.

    Source: EvalProtoPNet (arXiv 2212.05946);
    util/eval_interpretability.py @ ab33e5d. A part is a point there; here it
    is the centroid of the part's pixels.

    Args:
        maps: Activations (K,H,W).
        owner: Class of each concept (K,).
        targets: Parts of the image.
        box: Half the height and width of the box, as a share of the image's.

    Returns:
        Whether concept k hits part l of its own class (K,L+1).
    """
    hits = part_of_owner(owner, targets) & targets.visible
    looked_at = hits.any(dim=1)
    centres = peaks(maps[looked_at], targets.size)[:, None]  # k,1,2
    half = centres.new_tensor([round(box * side) for side in targets.size])
    low = (centres - half).clamp(min=0)
    high = (centres + half).minimum(centres.new_tensor(targets.size))
    inside = (targets.points >= low) & (targets.points <= high)  # k,L+1,2
    hits[looked_at] &= inside.all(dim=2)
    return hits


def part_of_owner(owner: Tensor, targets: PartTargets) -> Tensor:
    """Tell whether part l is of the class of concept k (K,L+1)."""
    classes = targets.part_classes
    return (owner[:, None] == classes) & (classes >= 0)


def area_above_quantile(
    maps: Tensor, pixels: Tensor, total: int, quantile: float = QUANTILE
) -> Tensor:
    """Find the cells above a quantile of maps that are masked by a class.

    The quantile is of all pixels of the image, where the masked map is zero
    outside the class. So it is zero if the class covers less than
    ``1 - quantile`` of the image, and every cell of it is above.

    Args:
        maps: Activations (k,HW) >= 0.
        pixels: Pixels of the class in each cell (HW,).
        total: Pixels of the image.
        quantile: Of the pixels.

    Returns:
        Whether a cell is above (k,HW).
    """
    # pixels that come after the quantile, if sorted: linear interpolation
    # between two of them does not change what is strictly above
    above = total - 1 - int(quantile * (total - 1))
    shown = pixels > 0
    values, order = maps[:, shown].sort(dim=1, descending=True)
    reached = pixels[shown][order].cumsum(dim=1) <= above
    # the first cell that is not reached holds the quantile; none: it is zero
    bound = values.masked_fill(reached, 0).amax(dim=1) if shown.any() else 0
    return maps > torch.as_tensor(bound).view(-1, 1)


def area_hits(maps: Tensor, owner: Tensor, targets: PartTargets) -> Tensor:
    """Find the parts in the strongest area of concepts, as ScaleProtoSeg does.

    Source: ScaleProtoSeg, segmentation/analysis/metrics/consistency.py @
    dd3d32c, ``part_intersect``.

    Args:
        maps: Activations (K,H,W).
        owner: Class of each concept (K,).
        targets: Parts of the image.

    Returns:
        Whether the area of concept k holds the centroid of a component of
        part l of its own class (K,L+1).
    """
    maps = maps.flatten(1)
    hits = torch.zeros(
        len(maps),
        len(targets.part_classes),
        dtype=torch.bool,
        device=maps.device,
    )
    total = targets.size[0] * targets.size[1]
    for c in targets.part_classes[targets.masked].unique().tolist():
        concepts = (owner == c).nonzero()[:, 0]
        area = area_above_quantile(
            maps[concepts], targets.class_pixels[c], total
        )
        own = targets.part_classes[targets.component_parts] == c
        inside = area[:, targets.component_cells[own]].long()  # k,m
        counts = torch.zeros(len(concepts), hits.shape[1], dtype=torch.int64)
        counts = counts.to(maps.device)
        counts.index_add_(1, targets.component_parts[own], inside)
        hits[concepts] |= counts > 0
    return hits


def part_means(maps: Tensor, part_pixels: Tensor) -> Tensor:
    """Average each map over each part, as ReProSeg does.

    Source: ReProSeg, src/visualize/interpretability.py
    ``_compute_part_activation_averages`` @ 2f63bcd.

    Args:
        maps: From :func:`alpha` (K,HW).
        part_pixels: Pixels of each part in each cell (L+1,HW).

    Returns:
        Means (K,L+1); NaN where the part is not seen, and for no part.
    """
    weights = part_pixels.to(maps.dtype)
    means = maps @ weights.T / weights.sum(dim=1)
    means[:, 0] = torch.nan
    return means


def alpha(maps: Tensor, pixels: Tensor) -> Tensor:
    """Cut maps below their own mean and scale them to a maximum of one.

    Source: ReProSeg, src/visualize/utils.py ``activations_to_alpha`` @
    2f63bcd.

    Args:
        maps: Activations (K,HW).
        pixels: Pixels of each cell (HW,); those without any do not count.
    """
    weights = pixels.to(maps.dtype)
    mean = (maps * weights).sum(dim=1, keepdim=True) / weights.sum()
    kept = maps * ((maps >= mean) & (pixels > 0))
    largest = kept.amax(dim=1, keepdim=True)
    return kept / torch.where(largest > 0, largest, 1)


def _bicubic(target: int, source: int, like: Tensor) -> Tensor:
    """Return the matrix (target,source) of bicubic resizing (a = -0.75)."""
    unit = torch.eye(source, dtype=torch.float64)[None, None]
    resized = F.interpolate(unit, (target, source), mode='bicubic')
    return resized[0, 0].to(like)
