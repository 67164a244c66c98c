"""Which pixels are close to another label."""

import torch
import torch.nn.functional as F
from torch import Tensor


def largest_within(maps: Tensor, distance: int) -> Tensor:
    """Return the largest value within a Chebyshev distance.

    Args:
        maps: Maps of floats (n,h,w).
        distance: In pixels of the maps; the window is a square of
            ``2 * distance + 1``, cut off at the border.
    """
    length = 2 * distance + 1
    # first columns, then rows: a square at the price of two lines
    lines = F.max_pool2d(maps, (length, 1), 1, (distance, 0))
    return F.max_pool2d(lines, (1, length), 1, (0, distance))


def boundary_band(labels: Tensor, width: int, void: int) -> Tensor:
    """Find the pixels near a pixel of another label.

    Source: the trimap of Kohli, Ladicky and Torr, *Robust Higher Order
    Potentials for Enforcing Label Consistency*, IJCV 2009.

    Args:
        labels: Label map (h,w) of integers.
        width: Largest Chebyshev distance to the other pixel.
        void: Label of no class: such pixels are in no band and make none.

    Returns:
        Whether each pixel is in the band (h,w).
    """
    values = labels.float()
    no_label = labels == void
    signed = torch.stack([values, -values])
    signed = signed.masked_fill(no_label, -torch.inf)
    highest, lowest = largest_within(signed, width)
    lowest = -lowest
    return ~no_label & (highest != lowest)
