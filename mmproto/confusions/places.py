"""Places of an image where pixels of one kind lie together."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

MOST_PLACES = 6  # kept per confusion
PixelBox = tuple[int, int, int, int]


@dataclass(frozen=True)
class Place:
    """Pixels of one image that touch each other, if only at a corner.

    Args:
        image: Path, as the data set gives it.
        box: Pixels ``x0, y0, x1, y1`` around them, the ends excluded.
        pixels: Their number.
        bits: Mask of them within the box, row by row, eight per byte.
    """

    image: str
    box: PixelBox
    pixels: int
    bits: bytes

    @property
    def mask(self) -> np.ndarray:
        """Mask (h,w) of them within the box, bool."""
        x0, y0, x1, y1 = self.box
        packed = np.frombuffer(self.bits, np.uint8)
        flat = np.unpackbits(packed, count=(y1 - y0) * (x1 - x0))
        return flat.reshape(y1 - y0, x1 - x0).astype(bool)


def find_places(
    pixels: np.ndarray, size: tuple[int, int], image: str
) -> list[Place]:
    """Group pixels into places, and return the largest ones.

    Args:
        pixels: Positions (n,) of the pixels, row by row; at least one.
        size: Rows and columns of the image.
        image: Its path.

    Returns:
        At most ``MOST_PLACES``, largest first.
    """
    rows, columns = np.unravel_index(pixels, size)
    top, left = rows.min(), columns.min()
    shape = rows.max() - top + 1, columns.max() - left + 1
    mask = np.zeros(shape, np.uint8)
    mask[rows - top, columns - left] = 1
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind='stable') + 1
    places = []
    for label in order[:MOST_PLACES]:
        x, y, width, height, area = (int(value) for value in stats[label])
        own = labels[y : y + height, x : x + width] == label
        x, y = x + int(left), y + int(top)
        box = (x, y, x + width, y + height)
        places.append(Place(image, box, area, np.packbits(own).tobytes()))
    return places


def largest_places(
    known: Sequence[Place], found: Sequence[Place]
) -> list[Place]:
    """Keep the largest of all places, the known ones on ties."""
    return sorted([*known, *found], key=lambda p: -p.pixels)[:MOST_PLACES]
