"""The strip: rows of shares over time, as colours."""

import math
from dataclasses import dataclass

import matplotlib
import numpy as np

from .background import RAMP, ROW, STRIP_LEFT, STRIP_RIGHT, FrameLayout
from .measurement import FrameNumbers, Measurement

BAR, NO_BAR = (90, 90, 90), (240, 240, 240)
NO_EVIDENCE = (205, 205, 205)
WIDTH = STRIP_RIGHT - STRIP_LEFT
SCALE_STEP = 0.05


@dataclass(frozen=True)
class Strip:
    """What the strip shows of a sequence.

    Args:
        columns: Shares (n+1,WIDTH) of some concepts, and of all others.
        end: Share at which the scale of colours ends.
        grey: Whether some frame has no evidence.
    """

    columns: np.ndarray
    end: float
    grey: bool


def make_strip(measurement: Measurement, concepts: list[int]) -> Strip:
    """Go through a sequence once, and keep a column for every few frames."""
    columns = Columns(len(concepts) + 1, WIDTH, measurement.seconds)
    largest, grey = 0.0, False
    for numbers in measurement:
        shares = row_shares(numbers, concepts)
        columns.add(numbers.time, shares)
        largest = max(largest, float(shares[:-1].max(initial=0)))
        grey |= not shares.any()
    return Strip(columns.values(), scale_end(largest), grey)


def row_shares(numbers: FrameNumbers, concepts: list[int]) -> np.ndarray:
    """Return the shares (n+1,) of some concepts, and of all others."""
    shown = numbers.concept_shares[concepts]  # n
    others = max(0.0, numbers.concept_shares.sum() - shown.sum())
    return np.append(shown, others)


def scale_end(largest: float) -> float:
    """Round the largest share of a concept in any frame up to full 5 %.

    The row of all other concepts does not count: its share would leave no
    colours for the concepts.
    """
    steps = math.ceil(largest / SCALE_STEP - 1e-9)
    return max(steps, 1) * SCALE_STEP


class Columns:
    """Spreads values over columns of equal time, as they come.

    A column is the mean of the frames that begin in it; where none does, the
    last frame continues.

    Args:
        rows: Values per frame.
        width: Number of columns.
        seconds: Length of the sequence.
    """

    def __init__(self, rows: int, width: int, seconds: float) -> None:
        self._seconds = seconds
        self._sums = np.zeros((rows, width))
        self._last = np.zeros((rows, width))
        self._frames = np.zeros(width, np.int64)

    def add(self, time: float, values: np.ndarray) -> None:
        """Add the values (rows,) of a frame that begins at a second."""
        width = len(self._frames)
        # 1e-9: a frame begins a column in spite of rounding
        column = min(int(time / self._seconds * width + 1e-9), width - 1)
        self._sums[:, column] += values
        self._last[:, column] = values
        self._frames[column] += 1

    def values(self) -> np.ndarray:
        """Return the means (rows,width)."""
        begins = self._frames > 0
        latest = np.where(begins, np.arange(len(begins)), 0)
        latest = np.maximum.accumulate(latest)
        means = self._sums / np.maximum(self._frames, 1)
        return np.where(begins, means, self._last[:, latest])


def marker_column(middle: float, seconds: float) -> int:
    """Return the column of a second of a sequence."""
    return STRIP_LEFT + min(int(middle / seconds * WIDTH), WIDTH - 1)


def ramp_colors(shares: np.ndarray, end: float) -> np.ndarray:
    """Return the colours (...,3) of shares, from 0 to the end of the scale."""
    rgba = matplotlib.colormaps[RAMP](np.clip(shares / end, 0, 1))
    return (255 * rgba[..., :3]).round().astype(np.uint8)


def paint_strip(canvas: np.ndarray, layout: FrameLayout, strip: Strip) -> None:
    """Paint the rows into a picture (h,w,3), in place.

    A concept is a row of colours; the row of all others is a bar chart.
    """
    columns = strip.columns  # n+1,WIDTH
    colors = list(ramp_colors(columns[:-1], strip.end))
    height = np.rint(columns[-1] * ROW)
    bars = np.arange(ROW, 0, -1)[:, None] <= height  # ROW,WIDTH
    colors.append(np.where(bars[..., None], BAR, NO_BAR))
    for row, line in enumerate(colors):
        place = canvas[layout.row_top(row) :][:ROW, STRIP_LEFT:STRIP_RIGHT]
        place[:] = line
        place[:, columns.sum(axis=0) == 0] = NO_EVIDENCE
