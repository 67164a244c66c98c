"""The pixels of an image, and the point to explain."""

import os
from pathlib import Path

import mmcv
import numpy as np
import torch
from torch import Tensor

Image = str | os.PathLike | np.ndarray
BORDER = 8  # the default point keeps an 8th of each side away from it


def read_pixels(image: Image) -> np.ndarray:
    """Read an image, or check its pixels.

    Args:
        image: Path, or BGR pixels (h,w,3) of uint8.

    Returns:
        BGR pixels (h,w,3) of uint8.

    Raises:
        FileNotFoundError: If there is no image at the path.
        ValueError: If it cannot be read, or the pixels have another shape or
            type.
    """
    if not isinstance(image, np.ndarray):
        if not Path(image).is_file():
            raise FileNotFoundError(f'there is no image at {image}')
        pixels = mmcv.imread(os.fspath(image))
        if pixels is None:
            raise ValueError(f'{image} cannot be read as an image')
        return pixels
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            'expected BGR pixels of shape (h, w, 3) and type uint8, got '
            f'shape {image.shape} and type {image.dtype}'
        )
    return image


def check_point(point: tuple[int, int], pixels: np.ndarray) -> None:
    """Check that a point lies in an image.

    Args:
        point: Column ``x`` and row ``y``.
        pixels: Of the image (h,w,3).

    Raises:
        ValueError: If it lies outside.

    Example:
        >>> check_point((3, 1), np.zeros((2, 3, 3)))
        Traceback (most recent call last):
        ValueError: point x=3, y=1 lies outside the image, whose x runs \
from 0 to 2 and y from 0 to 1
    """
    height, width = pixels.shape[:2]
    if not (0 <= point[0] < width and 0 <= point[1] < height):
        raise ValueError(
            f'point x={point[0]}, y={point[1]} lies outside the image, whose '
            f'x runs from 0 to {width - 1} and y from 0 to {height - 1}'
        )


def most_certain(logits: Tensor, probabilities: Tensor) -> tuple[int, int]:
    """Choose the most certain point of the largest class.

    Args:
        logits: Evidence (C,h,w).
        probabilities: Of the classes (C,h,w).

    Returns:
        Column ``x`` and row ``y``.
    """
    prediction = logits.argmax(dim=0)  # h,w
    largest = int(prediction.flatten().bincount().argmax())
    eligible = prediction == largest
    height, width = eligible.shape
    middle = torch.zeros_like(eligible)
    top, left = height // BORDER, width // BORDER
    middle[top : height - top, left : width - left] = True
    if (eligible & middle).any():
        eligible &= middle
    certainty = probabilities[largest].masked_fill(~eligible, -torch.inf)
    tied = certainty == certainty.max()
    evidence = logits[largest].masked_fill(~tied, -torch.inf)
    y, x = divmod(int(evidence.argmax()), width)
    return x, y
