"""Training patches cut from their images, with context and outline."""

from dataclasses import dataclass

import mmcv
import numpy as np

from mmproto.prototypes.patches import Box, Patch

CONTEXT = 1.6  # side of a crop over the side of the outlined field
SMALLEST = 0.2  # side of a crop, at least, over the image's shorter side


@dataclass(frozen=True)
class Crop:
    """A cut-out of a training image.

    Args:
        rgb: Pixels (h,w,3).
        field: Box ``x0, y0, x1, y1`` of the kernel's field, in crop pixels.
        cell: Box of the cell itself.
    """

    rgb: np.ndarray
    field: Box
    cell: Box


def crop_patch(patch: Patch) -> Crop | None:
    """Cut a square with context around a patch from its image.

    Args:
        patch: Of the projection record.

    Returns:
        The crop, or ``None`` when its image is missing or unreadable.
    """
    pixels = None if patch.file is None else mmcv.imread(str(patch.file))
    if pixels is None:
        return None
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = patch.box()
    side = CONTEXT * max(x1 - x0, y1 - y0)
    side = round(max(side, SMALLEST * min(height, width)))
    left, columns = cut_window((x0 + x1) / 2, side, width)
    top, rows = cut_window((y0 + y1) / 2, side, height)
    rgb = pixels[top : top + rows, left : left + columns, ::-1]
    return Crop(
        rgb,
        _shift(patch.box(), left, top),
        _shift(patch.cell_box(), left, top),
    )


def cut_window(centre: float, side: int, size: int) -> tuple[int, int]:
    """Start and length of a window moved inside ``size`` pixels."""
    length = min(side, size)
    start = min(max(round(centre - length / 2), 0), size - length)
    return start, length


def _shift(box: Box, left: int, top: int) -> Box:
    x0, y0, x1, y1 = box
    return x0 - left, y0 - top, x1 - left, y1 - top
