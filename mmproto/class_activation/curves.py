"""Deletion curves: what a segmentor still says without parts of the image.

Petsiuk, Das, Saenko 2018, "RISE: Randomized Input Sampling for Explanation of
Black-box Models", section 4: the more a class depends on the places that an
explanation names, the faster its probability falls when these go first.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.integrate import trapezoid
from torch import Tensor
from torch.nn import functional

from mmproto.prototypes.features import evaluating

from .orders import cell_index
from .segmentor_view import Region, SegmentorView, class_logits

CELL = 16  # pixels of the file along a side, about one cell of a backbone
AT_ONCE = 4  # images in a pass
SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


def cell_grid(size: tuple[int, int]) -> tuple[int, int]:
    """Choose rows and columns of cells for an image of a size."""
    return max(1, round(size[0] / CELL)), max(1, round(size[1] / CELL))


def deletion_curve(
    view: SegmentorView,
    region: Region,
    order: np.ndarray,
    grid: tuple[int, int],
    shares: Sequence[float] = SHARES,
) -> np.ndarray:
    """Delete cells of an image in an order, and ask the segmentor again.

    A deleted cell is zero behind the preprocessing: the mean of the data.

    Args:
        view: The image, and the segmentor.
        region: Pixels and their class.
        order: Numbers of the cells (n,), from :func:`deletion_order`.
        grid: Rows and columns of the cells.
        shares: Shares of the cells that are gone, one after another.

    Returns:
        Mean probability (T,) of the class at the pixels, for each share.
    """
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    found: list[float] = []
    for start in range(0, len(shares), AT_ONCE):
        part = shares[start : start + AT_ONCE]
        gone = [rank < round(share * len(order)) for share in part]
        found += _probabilities(view, region, gone, grid)
    return np.array(found)


def mean_height(curve: np.ndarray, shares: Sequence[float] = SHARES) -> float:
    """Return the area under a curve (T,), whose width is one.

    Example:
        >>> mean_height(np.array([1.0, 0.5, 0.0]), (0.0, 0.5, 1.0))
        0.5
    """
    return float(trapezoid(curve, shares))


def _probabilities(
    view: SegmentorView,
    region: Region,
    gone: Sequence[np.ndarray],
    grid: tuple[int, int],
) -> list[float]:
    """Return the mean probability at the pixels for each set of cells."""
    kept = torch.stack([_kept_pixels(view, cells, grid) for cells in gone])
    with evaluating(view.model):
        inputs = view.inputs * kept[:, None].to(view.inputs)
        metas = [view.meta] * len(gone)
        logits = class_logits(view.model, inputs, metas)
    mask = torch.from_numpy(region.mask)
    at_pixels = logits.cpu()[:, :, mask].softmax(dim=1)
    return at_pixels[:, region.category].double().mean(dim=1).tolist()


def _kept_pixels(
    view: SegmentorView, gone: np.ndarray, grid: tuple[int, int]
) -> Tensor:
    """Return 1 for pixels of the input (h,w) that are left, as padding is."""
    height, width = view.inputs.shape[2:]
    left, right, top, bottom = _padding(view.meta)
    size = (height - top - bottom, width - left - right)
    kept = torch.from_numpy(~gone[cell_index(size, grid)]).float()
    return functional.pad(kept, (left, right, top, bottom), value=1.0)


def _padding(meta: dict) -> tuple[int, int, int, int]:
    """Return what mmseg takes off again: left, right, top and bottom."""
    none = (0, 0, 0, 0)
    return meta.get('img_padding_size', meta.get('padding_size', none))
