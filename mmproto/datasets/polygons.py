"""Polygons drawn into masks of ids."""

from collections.abc import Iterable

import numpy as np


def draw_polygons(
    objects: Iterable[tuple[int, list[np.ndarray]]], height: int, width: int
) -> np.ndarray:
    """Draw objects, the largest first, so that small ones stay visible.

    Args:
        objects: Id and polygons of each, as for `polygon_mask`; a pixel
            belongs to an object if it lies in one of its polygons.
        height: Height of the mask in pixels.
        width: Its width.

    Returns:
        The ids, (height, width) uint8; 0 where there is no object. Of two
        objects of one size the later one is seen.
    """
    drawn = [
        (label, np.any([polygon_mask(p, height, width) for p in rings], 0))
        for label, rings in objects
    ]
    mask = np.zeros((height, width), np.uint8)
    for label, inside in sorted(drawn, key=lambda one: -one[1].sum()):
        mask[inside] = label
    return mask


def polygon_mask(ring: np.ndarray, height: int, width: int) -> np.ndarray:
    """Tell which pixels have their centre in a polygon, by the even-odd rule.

    Args:
        ring: Its corners, (n, 2) float: x and y in pixels, from the outer
            corner of the first pixel, whose centre is at (0.5, 0.5).
        height: Height of the mask in pixels.
        width: Its width.

    Returns:
        (height, width) bool.
    """
    # From where an edge crosses the line through the centres of a row, all
    # pixels to the right change sides.
    crossed = np.zeros((height, width + 1), np.int32)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0)):
        first, last = np.ceil(np.array(sorted((y0, y1))) - 0.5).clip(0, height)
        rows = np.arange(int(first), int(last))
        if len(rows):
            x = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            columns = np.ceil(x - 0.5).clip(0, width).astype(int)
            crossed[rows, columns] += 1
    return crossed[:, :-1].cumsum(axis=1) % 2 == 1
