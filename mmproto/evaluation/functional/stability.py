"""Whether noise in the image changes what concepts show."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from .instance_hits import instance_hits
from .part_hits import BOX, area_hits, box_hits, owners, part_of_owner
from .part_targets import PartTargets
from .states import ZERO, share

NOISE = 0.2  # standard deviation, in units of the normalised image
LIMIT = 0.25  # largest noise


@dataclass(frozen=True)
class StabilityState:
    """Sums over images, on the CPU.

    Args:
        images: Images that the network saw twice (), int64.
        part_images: Those among them with part labels (), int64.
        box_same: Images in which concept k hits the same parts with and
            without noise by EvalProtoPNet's definition (K,), int64.
        box_images: Images that show the class of concept k, if it has parts
            (K,).
        area_same: As ``box_same``, by ScaleProtoSeg's definition (K,).
        area_images: Images that show a part inside that class (K,).
        object_same: Objects on which concept k hits the same part (K,).
        object_hits: Objects on which concept k hits a part without noise
            (K,).
        kept: Cells whose most active concept stays the same (), int64.
        cells: Cells (), int64.
        change: Sum of the absolute changes of activations (K,), float64.
    """

    images: Tensor = ZERO
    part_images: Tensor = ZERO
    box_same: Tensor = ZERO
    box_images: Tensor = ZERO
    area_same: Tensor = ZERO
    area_images: Tensor = ZERO
    object_same: Tensor = ZERO
    object_hits: Tensor = ZERO
    kept: Tensor = ZERO
    cells: Tensor = ZERO
    change: Tensor = ZERO


def clipped_noise(
    index: int, std: float = NOISE, limit: float = LIMIT
) -> Callable[[Tensor], Tensor]:
    """Make what adds noise to an image: the same noise for the same index.

    Source: EvalProtoPNet, util/eval_interpretability.py ``perturb_img`` @
    ab33e5d: normal noise, cut at a limit.

    Args:
        index: Index of the image in the data set.
        std: Standard deviation, in units of the normalised image.
        limit: Largest noise, likewise.

    Returns:
        A function of the normalised image (1,3,h,w).
    """

    def change(image: Tensor) -> Tensor:
        """Add the noise of this index."""
        generator = torch.Generator().manual_seed(index)
        noise = torch.randn(image.shape, generator=generator) * std
        return image + noise.clamp(-limit, limit).to(image)

    return change


def measure_stability(
    maps: Tensor,
    noisy: Tensor,
    class_weights: Tensor,
    targets: PartTargets | None,
    box: float = BOX,
) -> StabilityState:
    """Sum up one image.

    Args:
        maps: Activations (K,H,W).
        noisy: Activations (K,H,W) of the image with noise.
        class_weights: Weights (C,K) >= 0.
        targets: Parts of the image, where it has labels of them.
        box: See :func:`box_hits`.
    """
    same_top = maps.argmax(dim=0) == noisy.argmax(dim=0)  # H,W
    sums = dict(
        images=torch.tensor(1),
        kept=same_top.sum(),
        cells=torch.tensor(same_top.numel()),
        change=(noisy - maps).abs().double().sum(dim=(1, 2)),
    )
    if targets is not None:
        sums |= _part_sums(maps, noisy, class_weights, targets, box)
    return StabilityState(**{k: value.cpu() for k, value in sums.items()})


def stability_shares(state: StabilityState) -> dict[str, float | None]:
    """Turn the sums into shares; ``None`` where nothing was measured.

    Sources: EvalProtoPNet (arXiv 2212.05946), util/eval_interpretability.py
    ``evaluate_stability`` @ ab33e5d; ScaleProtoSeg,
    segmentation/analysis/metrics/stability.py @ dd3d32c.

    Returns:
        ``stability_evalprotopnet``, the share of images whose hits stay, mean
        over concepts; ``stability_scaleprotoseg``, the share of pairs of
        concept and image whose hits stay; ``stability_corrected``, the share
        of hit objects that keep their part, mean over the concepts that hit
        one without noise; ``most_active_kept``, the share of cells that keep
        their most active concept; ``activation_change``, the absolute change
        of activations, mean over concepts and cells.
    """
    cells = state.cells.expand_as(state.change)
    area = state.area_same.sum(), state.area_images.sum()
    return dict(
        stability_evalprotopnet=_mean(state.box_same, state.box_images),
        stability_scaleprotoseg=_mean(*area),
        stability_corrected=_mean(state.object_same, state.object_hits),
        most_active_kept=_mean(state.kept, state.cells),
        activation_change=_mean(state.change, cells),
    )


def _part_sums(
    maps: Tensor,
    noisy: Tensor,
    class_weights: Tensor,
    targets: PartTargets,
    box: float,
) -> dict[str, Tensor]:
    owner = owners(class_weights)
    own = part_of_owner(owner, targets)
    shown = targets.shown[owner] & own.any(dim=1)  # owner -1: no part is own
    masked = (own & targets.masked).any(dim=1)
    boxes, areas, objects = (
        [hits(both, by, targets) for both in (maps, noisy)]
        for hits, by in (
            (partial(box_hits, box=box), owner),
            (area_hits, owner),
            (instance_hits, class_weights),
        )
    )
    hit = objects[0] > 0  # I,K
    return dict(
        part_images=torch.tensor(1),
        box_same=(shown & _equal(*boxes)).long(),
        box_images=shown.long(),
        area_same=(masked & _equal(*areas)).long(),
        area_images=masked.long(),
        object_same=(hit & (objects[0] == objects[1])).sum(dim=0),
        object_hits=hit.sum(dim=0),
    )


def _equal(first: Tensor, second: Tensor) -> Tensor:
    return (first == second).all(dim=1)


def _mean(count: Tensor, total: Tensor) -> float | None:
    """Average the shares of those that have one; ``None`` if none has."""
    if not total.any():
        return None
    return float(share(count, total)[total > 0].mean())
