"""The pixels of an image, and the one of them that is explained."""

import os
from pathlib import Path

import mmcv
import numpy as np
import torch
from torch import Tensor

Image = str | os.PathLike | np.ndarray
BORDER = 8  # the default point keeps an 8th of each side from the border


def read_pixels(image: Image) -> np.ndarray:
    """Read BGR pixels (h,w,3), or check that these are some.

    Raises:
        FileNotFoundError: If there is no image at the path.
        ValueError: If it cannot be read, or these are no such pixels.
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
    """Raise a ValueError if a point (x, y) lies outside of an image."""
    height, width = pixels.shape[:2]
    if not (0 <= point[0] < width and 0 <= point[1] < height):
        raise ValueError(
            f'point x={point[0]}, y={point[1]} lies outside the image, whose '
            f'x runs from 0 to {width - 1} and y from 0 to {height - 1}'
        )


def most_certain(logits: Tensor, probabilities: Tensor) -> tuple[int, int]:
    """Choose the point (x, y) that stands for the largest class."""
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
