"""The strip: rows of shares through time as colours."""

import math

import matplotlib
import numpy as np

from .layout import ROW, STRIP_LEFT, STRIP_RIGHT, Layout
from .measurement import Measurement

RAMP = 'cividis'  # the same order of light and dark to colour-blind eyes
BAR, NO_BAR = (90, 90, 90), (240, 240, 240)
NO_EVIDENCE = (205, 205, 205)
WIDTH = STRIP_RIGHT - STRIP_LEFT
SCALE_STEP = 0.05


def row_shares(measurement: Measurement, concepts: list[int]) -> np.ndarray:
    """Shares (n+1,T) of some concepts, and of all others together."""
    shown = measurement.concept_shares[:, concepts].T  # n,T
    total = measurement.concept_shares.sum(axis=1)  # T
    others = (total - shown.sum(axis=0)).clip(min=0)
    return np.vstack([shown, others])


def scale_end(shares: np.ndarray) -> float:
    """Share at which the ramp ends: the largest of a concept, in full 5 %.

    The others together would leave no colours for the concepts.

    Args:
        shares: Of :func:`row_shares`.
    """
    steps = math.ceil(float(shares[:-1].max(initial=0)) / SCALE_STEP - 1e-9)
    return max(steps, 1) * SCALE_STEP


def over_width(values: np.ndarray, width: int) -> np.ndarray:
    """Spread (n,T) over ``width`` columns.

    A frame takes several columns, or a column is the mean of several frames.
    """
    frames = values.shape[1]
    starts = np.arange(width) * frames // width
    if frames <= width:
        return values[:, starts]
    lengths = np.diff(np.append(starts, frames))
    return np.add.reduceat(values, starts, axis=1) / lengths


def marker_column(index: int, frames: int) -> int:
    """Column of the middle of a frame."""
    return STRIP_LEFT + int((index + 0.5) * WIDTH / frames)


def ramp_colors(shares: np.ndarray, end: float) -> np.ndarray:
    """Colours (...,3) of shares, from 0 to the end of the scale."""
    rgba = matplotlib.colormaps[RAMP](np.clip(shares / end, 0, 1))
    return (255 * rgba[..., :3]).round().astype(np.uint8)


def paint_strip(
    canvas: np.ndarray, layout: Layout, shares: np.ndarray, end: float
) -> None:
    """Paint all rows into a picture: concepts by colour, others by height.

    Args:
        canvas: RGB (h,w,3), changed in place.
        layout: Of the video.
        shares: Of :func:`row_shares`.
        end: Share at which the ramp ends.
    """
    columns = over_width(shares, WIDTH)  # n+1,WIDTH
    *colors, others = (*ramp_colors(columns[:-1], end), columns[-1])
    # n rows of one colour a column, and one that is as high as the share
    bars = np.arange(ROW, 0, -1)[:, None] <= np.rint(others * ROW)
    for row, line in enumerate([*colors, _two_colors(bars)]):
        place = canvas[layout.row_top(row) :][:ROW, STRIP_LEFT:STRIP_RIGHT]
        place[:] = line
        place[:, columns.sum(axis=0) == 0] = NO_EVIDENCE


def _two_colors(bars: np.ndarray) -> np.ndarray:
    """Colours (h,w,3): where there is a bar, and where not."""
    return np.where(bars[..., None], BAR, NO_BAR)
