"""Random numbers that are the same on any machine and any numpy.

Only the raw words of PCG64 are used, which numpy promises never to change;
the distributions of `numpy.random.Generator` carry no such promise.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar('T')


class Stream:
    """Random numbers of one picture.

    Args:
        keys: Non-negative whole numbers that name the picture, for example
            seed, split and index.
    """

    def __init__(self, *keys: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(keys))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Draw a number in [low, high)."""
        word = int(self._bits.random_raw())
        return low + (high - low) * ((word >> 11) * 2.0**-53)

    def integer(self, low: int, high: int) -> int:
        """Draw a whole number from low to high, both possible."""
        return low + int(self._bits.random_raw()) % (high - low + 1)

    def chance(self, probability: float) -> bool:
        """Draw whether an event of this probability happens."""
        return self.uniform() < probability

    def pick(self, options: Sequence[T]) -> T:
        """Draw one of the options, all equally likely."""
        return options[self.integer(0, len(options) - 1)]

    def grain(self, rows: int, cols: int) -> np.ndarray:
        """Draw white noise in [-1, 1), (rows, cols) float32."""
        words = self._bits.random_raw((rows * cols + 7) // 8)
        octets = np.asarray(words, '<u8').view(np.uint8)[: rows * cols]
        return octets.reshape(rows, cols).astype(np.float32) / 128 - 1

    def clouds(self, rows: int, cols: int, cell: int) -> np.ndarray:
        """Draw smooth noise in [-1, 1), (rows, cols) float32.

        Args:
            rows: Height in pixels.
            cols: Width in pixels.
            cell: Distance of the random values between which the noise is
                bilinear, in pixels.
        """
        grid = self.grain(rows // cell + 2, cols // cell + 2)
        row, col = np.arange(rows), np.arange(cols)
        down = ((row % cell) / np.float32(cell)).astype(np.float32)[:, None]
        right = ((col % cell) / np.float32(cell)).astype(np.float32)[None]
        top = grid[row // cell]
        bottom = grid[row // cell + 1]
        column = top + (bottom - top) * down
        near = column[:, col // cell]
        far = column[:, col // cell + 1]
        return near + (far - near) * right
