"""Whether an object keeps its concepts when it is seen larger or smaller.

Pure functions: compare an image with itself at another size, sort cells by
the size of their object, add up, compute the numbers.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

FACTORS = {'half': 0.5, 'double': 2.0}
SMALLEST = 8  # pixels; the first bin of object sizes ends here
BINS = 8  # each twice as wide as the one before


@dataclass(frozen=True)
class ScaleState:
    """Sums over cells, on the CPU; the first axis is half and double.

    Args:
        images: Images that were seen at three sizes (), int64.
        kept: Cells whose top concept stays the same (2,2), int64: of all
            cells and of confident ones.
        cells: Cells that were compared (2,2), int64.
        tops: How often each concept is on top at size one and at the other
            size (2,2,2,K+1), int64; the last is none.
        moves: Confident cells whose top concept is found at one scale at size
            one, and at another at the other size (2,S,S), int64.
        sizes: Cells by size of their object and scale of their top concept
            (B,S), int64.
    """

    images: Tensor
    kept: Tensor
    cells: Tensor
    tops: Tensor
    moves: Tensor
    sizes: Tensor


def top_concepts(
    activations: Tensor, class_weights: Tensor, predicted: Tensor
) -> Tensor:
    """Find the concepts that contribute most to the class predicted.

    Args:
        activations: Concept activations (K,n).
        class_weights: Non-negative weights (C,K).
        predicted: Classes (n,), int64.

    Returns:
        Concepts (n,), int64; -1 where nothing contributes.
    """
    largest, top = (class_weights[predicted].T * activations).max(dim=0)
    return top.where(largest > 0, -1)


def compare_sizes(
    activations: Tensor,
    scales: Tensor,
    other: tuple[Tensor, Tensor],
    class_weights: Tensor,
    predicted: Tensor,
    confident: Tensor,
    num_scales: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compare the concepts of an image with those at another size.

    Args:
        activations: Concept activations at size one (K,H,W).
        scales: Where each is largest (K,H,W); indices rise with dilation.
        other: Activations and scales (K,H',W') at the other size. They are
            compared at the cells of size one: activations bilinearly, scales
            by the cell at the centre.
        class_weights: Non-negative weights (C,K).
        predicted: Classes predicted at size one (H,W).
        confident: Which of them are sure (H,W), bool.
        num_scales: Scales ``S``.

    Returns:
        ``kept`` (2,), ``cells`` (2,), ``tops`` (2,2,K+1) and ``moves`` (S,S)
        of :class:`ScaleState`.
    """
    concepts, *size = activations.shape
    there = F.interpolate(other[0][None], size, mode='bilinear')[0]
    scales_there = F.interpolate(
        other[1][None].float(), size, mode='nearest-exact'
    )[0].long()
    before = top_concepts(
        activations.flatten(1), class_weights, predicted.flatten()
    )
    shown = before >= 0  # without evidence there is nothing to keep
    before, sure = before[shown], confident.flatten()[shown]
    after = top_concepts(
        there.flatten(1)[:, shown], class_weights, predicted.flatten()[shown]
    )
    after = after.where(after >= 0, concepts)  # none
    index = before[None]  # 1,n
    first = scales.flatten(1)[:, shown].gather(0, index)[0][sure]
    second = scales_there.flatten(1)[:, shown].gather(0, index)[0][sure]
    same = before == after
    return (
        torch.stack([same.sum(), same[sure].sum()]).cpu(),
        torch.tensor([len(before), int(sure.sum())]),
        torch.stack(
            [
                torch.stack([c.bincount(minlength=concepts + 1) for c in pair])
                for pair in ((before, after), (before[sure], after[sure]))
            ]
        ).cpu(),
        _joint(first, second, num_scales, num_scales).cpu(),
    )


def object_sizes(label_map: Tensor, num_classes: int) -> Tensor:
    """Measure the object that every pixel belongs to.

    An object is a connected region (8 neighbours) of one class; its size is
    the square root of its area.

    Args:
        label_map: Labels (h,w); what is no class is no object.
        num_classes: Classes ``C``.

    Returns:
        Sizes in pixels (h,w), float32, 0 where there is no object.
    """
    labels = label_map.cpu().numpy()
    sizes = np.zeros(labels.shape, np.float32)
    for label in range(num_classes):
        mask = labels == label
        if not mask.any():
            continue
        _, regions, stats, _ = cv2.connectedComponentsWithStats(
            mask.astype(np.uint8), connectivity=8
        )
        areas = stats[:, cv2.CC_STAT_AREA]
        sizes[mask] = np.sqrt(areas[regions[mask]])
    return torch.from_numpy(sizes)


def sort_by_size(sizes: Tensor, scales: Tensor, num_scales: int) -> Tensor:
    """Count cells by object size and scale.

    Args:
        sizes: Object sizes at cells (n,), above 0.
        scales: Scale of each cell's top concept (n,), int64.
        num_scales: Scales ``S``.

    Returns:
        Counts (B,S), int64.
    """
    octave = (sizes / SMALLEST).log2().floor().long() + 1
    return _joint(octave.clamp(0, BINS - 1), scales, BINS, num_scales).cpu()


def kappa(kept: int, cells: int, tops: Tensor) -> float | None:
    """Compute the agreement beyond chance (Cohen 1960).

    Args:
        kept: Cells with the same concept on top.
        cells: Number of cells.
        tops: How often each concept is on top before and after (2,K+1).

    Returns:
        1 for perfect agreement, 0 for chance; ``None`` where one concept is
        always on top, so that chance agrees as well.
    """
    before, after = tops.double() / max(cells, 1)
    chance = float(before @ after)
    if cells == 0 or chance == 1:
        return None
    return (kept / cells - chance) / (1 - chance)


def scale_moves(moves: Tensor, upwards: bool) -> dict[str, float | None]:
    """Compute the shares of cells whose scale moves with the image's size.

    Args:
        moves: Cells by scale before and after (S,S).
        upwards: Whether larger scales are right.

    Returns:
        ``moved_right``, ``stayed``, ``moved_wrong``; ``right``: moved right,
        or stayed at the end of the scales; ``right_by_chance``: the same if
        the scale after had nothing to do with that before.
    """
    if not moves.any():
        names = ('moved_right', 'stayed', 'moved_wrong', 'right')
        return dict.fromkeys((*names, 'right_by_chance'))
    share = moves.double() / moves.sum()
    upper, lower = share.triu(1).sum(), share.tril(-1).sum()
    right = torch.ones_like(share).triu(1) > 0
    right = right if upwards else right.T
    end = len(share) - 1 if upwards else 0
    good = right.clone()
    good[end, end] = True
    chance = share.sum(dim=1)[:, None] * share.sum(dim=0)
    return dict(
        moved_right=float(upper if upwards else lower),
        stayed=float(share.trace()),
        moved_wrong=float(lower if upwards else upper),
        right=float(share[good].sum()),
        right_by_chance=float(chance[good].sum()),
    )


def rank_correlation(counts: Tensor) -> float | None:
    """Compute Spearman's correlation of row and column of counted cells.

    Args:
        counts: Cells (B,S); ties share the mean of their ranks.

    Returns:
        From -1 to 1; ``None`` where one of the two never varies.
    """
    weights = counts.double() / counts.sum().clamp(min=1)
    centred = []
    for axis in (1, 0):
        share = weights.sum(dim=axis)
        centred.append(share.cumsum(0) - share / 2 - 0.5)
    spread = [
        (rank.square() * weights.sum(dim=axis)).sum()
        for rank, axis in zip(centred, (1, 0))
    ]
    if min(spread) <= 1e-12:
        return None
    covariance = centred[0] @ weights @ centred[1]
    return float(covariance / (spread[0] * spread[1]).sqrt())


def size_labels() -> list[str]:
    """Name the bins of object sizes, in pixels."""
    edges = [SMALLEST * 2**i for i in range(BINS - 1)]
    inner = [f'{low}-{high}' for low, high in zip(edges, edges[1:])]
    return [f'<{edges[0]}', *inner, f'>={edges[-1]}']


def _joint(first: Tensor, second: Tensor, rows: int, columns: int) -> Tensor:
    pairs = (first * columns + second).bincount(minlength=rows * columns)
    return pairs.view(rows, columns)
