"""Training patches cut from their images, with context and outline."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import mmcv
import numpy as np
from mmengine.logging import print_log

from mmproto.models.facts import ModelFacts
from mmproto.prototypes.patches import Box, Patch, model_patches

CONTEXT = 1.6  # side of a crop over the side of the outlined field
SMALLEST = 0.2  # side of a crop, at least, over the image's shorter side
FIELD_RGB = (255, 225, 25)  # as in the other pictures


@dataclass(frozen=True)
class Crop:
    """A part of a training image.

    Args:
        rgb: Pixels (h,w,3).
        field: Box ``x0, y0, x1, y1`` of the kernel's field, in crop pixels.
        cell: Box of the cell itself, likewise.
    """

    rgb: np.ndarray
    field: Box
    cell: Box


def crop_patch(patch: Patch) -> Crop | None:
    """Cut a square with context around a patch from its image.

    Args:
        patch: Of the projection record.

    Returns:
        The crop, or ``None`` if its image is missing or unreadable.
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
    """Return start and length of a window moved inside ``size`` pixels."""
    length = min(side, size)
    start = min(max(round(centre - length / 2), 0), size - length)
    return start, length


def patch_pictures(
    facts: ModelFacts,
    concepts: Sequence[int],
    side: int,
    data_root: str | Path | None = None,
) -> list[np.ndarray | None]:
    """Draw for each concept the nearest training patch that is still there.

    Args:
        facts: Of the model.
        concepts: Their numbers.
        side: Longer side of a picture in pixels.
        data_root: Folder of the training images, if they moved.

    Returns:
        RGB pictures, ``None`` for a concept without one.

    Raises:
        ValueError: If the model's projection record belongs to another model.
    """
    pictures = []
    for concept, patches in model_patches(facts, concepts, data_root).items():
        crops = (crop_patch(patch) for patch in patches)
        crop = next((crop for crop in crops if crop is not None), None)
        pictures.append(None if crop is None else _draw_crop(crop, side))
        if patches and crop is None:
            print_log(
                f'the training images of concept {concept} are not where the '
                f'record says, among them {patches[0].image}: say where the '
                'data lies now (data_root, or --data-root)',
                logger='current',
                level=logging.WARNING,
            )
    return pictures


def _draw_crop(crop: Crop, side: int) -> np.ndarray:
    """Resize a crop to ``side`` pixels, and outline its field."""
    height, width = crop.rgb.shape[:2]
    factor = side / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    picture = cv2.resize(crop.rgb, size, interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = (round(factor * edge) for edge in crop.field)
    cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), FIELD_RGB, 1)
    return picture


def _shift(box: Box, left: int, top: int) -> Box:
    x0, y0, x1, y1 = box
    return x0 - left, y0 - top, x1 - left, y1 - top
