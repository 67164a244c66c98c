"""What stands still in a video: texts, legend, axes and scale."""

from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmproto.models.metainfo import Color
from mmproto.visualization.colors import unit_color
from mmproto.visualization.panels import list_weights
from mmproto.visualization.text import fit

from .layout import (
    BAR_LEFT,
    BAR_WIDTH,
    LEGEND_LINE,
    MARGIN,
    PATCH,
    PICTURE_TOP,
    ROW,
    STRIP_LEFT,
    STRIP_RIGHT,
    Layout,
)
from .rows import ConceptRow
from .strip import RAMP

DPI = 100
TEXT, HEADING, TITLE = 9, 10, 12  # points
SCALE_WIDTH = 150  # pixels, as what follows
TIME_WIDTH = 240


class Background:
    """Draws on a figure in pixels from its upper left corner.

    Args:
        layout: Of the video.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._height, self._width = layout.size
        size = (self._width / DPI, self._height / DPI)
        self.figure = Figure(figsize=size, dpi=DPI)
        FigureCanvasAgg(self.figure)

    def pixels(self) -> np.ndarray:
        """The picture, RGB (h,w,3)."""
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        return np.array(canvas.buffer_rgba())[..., :3]

    def add_title(self, title: str) -> None:
        """Say what the video shows."""
        width = self._width - 2 * MARGIN - TIME_WIDTH
        title = fit(title, TITLE, width / DPI, 'bold')
        self._text(MARGIN, 26, title, size=TITLE, weight='bold')

    def add_legend(
        self,
        shown: Sequence[int],
        left_out: int,
        names: Sequence[str],
        palette: Sequence[Color],
    ) -> None:
        """List classes with their colours, and frames for bars of shares."""
        left = self._layout.legend_left
        heading = 'Predicted classes, share of the pixels of the frame'
        self._text(left, PICTURE_TOP + 10, heading, HEADING, weight='bold')
        for line, index in enumerate(shown):
            top = self._layout.legend_top(line)
            color = unit_color(palette[index])
            self._box(left, top + 3, 16, 16, facecolor=color)
            middle = top + LEGEND_LINE / 2
            name = fit(names[index], TEXT, (BAR_LEFT - 34) / DPI)
            self._text(left + 24, middle, name)
            box = (left + BAR_LEFT, top + 3, BAR_WIDTH, 16)
            self._box(*box, facecolor='#f0f0f0', edgecolor='none')
        if left_out:
            middle = self._layout.legend_top(len(shown)) + LEGEND_LINE / 2
            text = f'{left_out} more classes have fewer pixels'
            self._text(left + 24, middle, text)

    def add_rows(self, rows: Sequence[ConceptRow], patches: bool) -> None:
        """Label the rows of concepts, and that of all others.

        Args:
            rows: The concepts.
            patches: Whether to leave room for pictures of patches.
        """
        left = MARGIN + (PATCH + 10 if patches else 0)
        width = (STRIP_LEFT - left - 12) / DPI
        for index, row in enumerate(rows):
            top = self._layout.row_top(index)
            title = fit(row.title(), TEXT, width, 'bold')
            self._text(left, top + 0.28 * ROW, title, weight='bold')
            listed = list_weights(row.weights, most=2, width=10**6)
            listed = fit(f'→ {listed}', TEXT, width)
            self._text(left, top + 0.73 * ROW, listed)
        top = self._layout.row_top(len(rows))
        self._text(left, top + 0.28 * ROW, 'all other concepts', weight='bold')
        self._text(left, top + 0.73 * ROW, 'height: 0 to 100%')

    def add_axes(self, seconds: float, end: float, grey: bool) -> None:
        """Draw the time axis and the scale of the colours.

        Args:
            seconds: Length of the video.
            end: Share at which the scale ends.
            grey: Whether to say what grey means.
        """
        bottom = self._layout.strip_bottom
        width = STRIP_RIGHT - STRIP_LEFT
        axes = self.figure.add_axes(self._place(STRIP_LEFT, bottom, width, 4))
        axes.set_xlim(0, seconds)
        axes.set_yticks([])
        axes.set_xlabel('seconds', fontsize=TEXT, labelpad=3)
        scale = self.figure.add_axes(
            self._place(MARGIN + 90, bottom + 14, SCALE_WIDTH, 12)
        )
        ramp = np.linspace(0, 1, 256)[None]
        extent = (0.0, 100 * end, 0.0, 1.0)
        scale.imshow(ramp, cmap=RAMP, aspect='auto', extent=extent)
        scale.set_xticks([0, 50 * end, 100 * end])
        scale.xaxis.set_major_formatter('{x:.3g}%')
        scale.set_yticks([])
        for each in (axes, scale):
            each.tick_params(labelsize=TEXT, length=3, pad=2)
            each.spines[['top', 'right', 'left', 'bottom']].set_visible(False)
        self._text(MARGIN, bottom + 20, 'share')
        if grey:
            self._text(MARGIN + 262, bottom + 20, 'grey: no evidence')

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = TEXT,
        weight: str = 'normal',
    ) -> None:
        """Text that begins at ``x`` with its middle at ``y``."""
        self.figure.text(
            x / self._width,
            1 - y / self._height,
            text,
            fontsize=size,
            weight=weight,
            va='center_baseline',
            parse_math=False,
        )

    def _box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        facecolor: str | tuple[float, float, float],
        edgecolor: str = 'black',
    ) -> None:
        left, bottom, wide, high = self._place(x, y, width, height)
        self.figure.add_artist(
            Rectangle(
                (left, bottom),
                wide,
                high,
                facecolor=facecolor,
                edgecolor=edgecolor,
                linewidth=0.5,
            )
        )

    def _place(
        self, x: float, y: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        """A box as matplotlib wants it: shares, from the lower left."""
        return (
            x / self._width,
            1 - (y + height) / self._height,
            width / self._width,
            height / self._height,
        )
