"""What stands still in a frame of the video, and where; in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmproto.models.facts import ModelFacts, speaks_for
from mmproto.visualization.canvas import Canvas
from mmproto.visualization.colors import unit_color
from mmproto.visualization.panels import list_weights
from mmproto.visualization.text import fit, wrap_text

DPI = 100
TEXT, HEADING, TITLE = 9, 10, 12  # points
WIDTH = 1280
MARGIN = 20
TITLE_LINE = 26  # middle of the title
PICTURE = (480, 760)  # rows and columns, at most
PICTURE_TOP = 48  # without a note
NOTE_LINE = 24  # of one below the title
LEGEND_GAP = 28
LEGEND_LINE = 22
LEGEND_HEADING = 28
LARGEST_LEGEND = 20  # classes
BAR_LEFT = 210  # from the left of the legend
BAR_WIDTH, BAR_HEIGHT = 160, 16
STRIP_HEADING = 34
# even, because H.264 has one colour for two by two pixels
ROW, ROW_GAP = 42, 4
PATCH = 42
STRIP_LEFT = 420
STRIP_RIGHT = 1206  # numbers are to the right of it
FOOTER = 58
SCALE_WIDTH = 150
TIME_WIDTH = 240
RAMP = 'cividis'  # dark to light also for colour-blind eyes


def picture_size(frame_size: tuple[int, int]) -> tuple[int, int]:
    """Return rows and columns of a frame as it is shown."""
    height, width = frame_size
    factor = min(PICTURE[0] / height, PICTURE[1] / width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def wrap_note(note: str) -> str:
    """Wrap a note so that it fits below the title."""
    width = WIDTH - 2 * MARGIN - TIME_WIDTH
    return wrap_text(note, HEADING, width / DPI)


@dataclass(frozen=True)
class FrameLayout:
    """Places in a frame, for a sequence and a number of rows.

    Args:
        frame_size: Rows and columns of a frame of the sequence.
        classes: Lines of the legend.
        rows: Rows of the strip.
        note: Lines below the title.
    """

    frame_size: tuple[int, int]
    classes: int
    rows: int
    note: int = 0

    @property
    def picture(self) -> tuple[int, int]:
        """Rows and columns of the frame as it is shown."""
        return picture_size(self.frame_size)

    @property
    def picture_top(self) -> int:
        """Upper edge of the frame as it is shown."""
        return PICTURE_TOP + NOTE_LINE * self.note

    @property
    def legend_left(self) -> int:
        """Left edge of the legend."""
        return MARGIN + self.picture[1] + LEGEND_GAP

    def legend_top(self, line: int) -> int:
        """Return the upper edge of a line of the legend."""
        return self.picture_top + LEGEND_HEADING + line * LEGEND_LINE

    @property
    def strip_top(self) -> int:
        """Upper edge of the first row."""
        legend = self.legend_top(self.classes)
        picture = self.picture_top + self.picture[0]
        top = max(legend, picture) + 14 + STRIP_HEADING
        return top + top % 2

    def row_top(self, row: int) -> int:
        """Return the upper edge of a row."""
        return self.strip_top + row * (ROW + ROW_GAP)

    @property
    def strip_bottom(self) -> int:
        """Lower edge of the last row."""
        return self.row_top(self.rows) - ROW_GAP

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the whole, even because H.264 needs that."""
        height = self.strip_bottom + FOOTER
        return height + height % 2, WIDTH


class Background(Canvas):
    """Draws what all frames share.

    Args:
        layout: Of the video.
    """

    def __init__(self, layout: FrameLayout) -> None:
        height, width = layout.size
        super().__init__(width, height, DPI, unit=1 / DPI)
        self._layout = layout

    def add_title(self, title: str) -> None:
        """Say what the video shows."""
        width = WIDTH - 2 * MARGIN - TIME_WIDTH
        title = fit(title, TITLE, width / DPI, 'bold')
        self._label(MARGIN, TITLE_LINE, title, TITLE, weight='bold')

    def add_note(self, note: str) -> None:
        """Write the lines of a note below the title."""
        for number, line in enumerate(note.splitlines(), 1):
            middle = TITLE_LINE + NOTE_LINE * number
            self._label(MARGIN, middle, line, HEADING)

    def add_legend(
        self, shown: Sequence[int], left_out: int, facts: ModelFacts
    ) -> None:
        """List classes with their colours, and empty bars for their shares.

        Args:
            shown: Numbers of the classes.
            left_out: How many more classes there are.
            facts: Of the model.
        """
        left = self._layout.legend_left
        heading = 'Predicted classes, share of the pixels of the frame'
        top = self._layout.picture_top + 10
        self._label(left, top, heading, HEADING, weight='bold')
        for line, index in enumerate(shown):
            top = self._layout.legend_top(line)
            color = unit_color(facts.palette[index])
            self.add_box(left, top + 3, 16, 16, facecolor=color)
            name = fit(facts.classes[index], TEXT, (BAR_LEFT - 34) / DPI)
            self._label(left + 24, top + LEGEND_LINE / 2, name)
            self.add_box(
                left + BAR_LEFT, top + 3, BAR_WIDTH, BAR_HEIGHT,
                facecolor='#f0f0f0', edgecolor='none',
            )  # fmt: skip
        if left_out:
            middle = self._layout.legend_top(len(shown)) + LEGEND_LINE / 2
            text = f'{left_out} more classes have fewer pixels'
            self._label(left + 24, middle, text)

    def add_rows(
        self, concepts: Sequence[int], facts: ModelFacts, patches: bool
    ) -> None:
        """Label the rows of concepts, and the row of all others.

        Args:
            concepts: Their numbers.
            facts: Of the model.
            patches: Whether to leave room for pictures of patches.
        """
        left = MARGIN + (PATCH + 10 if patches else 0)
        width = (STRIP_LEFT - left - 12) / DPI
        rows = []
        for concept in concepts:
            name = facts.concept_names.get(concept)
            title = f'Concept {concept}: {name}' if name else None
            title = fit(title or f'Concept {concept}', TEXT, width, 'bold')
            weights = speaks_for(facts.class_weights_of(concept))
            listed = list_weights(weights, most=2, width=10**6)
            rows.append((title, fit(f'→ {listed}', TEXT, width)))
        rows.append(('all other concepts', 'height: 0 to 100%'))
        for row, (title, text) in enumerate(rows):
            top = self._layout.row_top(row)
            self._label(left, top + 0.28 * ROW, title, weight='bold')
            self._label(left, top + 0.73 * ROW, text)

    def add_plots(self, seconds: float, end: float, grey: bool) -> None:
        """Draw the time axis and the scale of the colours.

        Args:
            seconds: Length of the video.
            end: Share at which the scale ends.
            grey: Whether to say what grey means.
        """
        bottom = self._layout.strip_bottom
        width = STRIP_RIGHT - STRIP_LEFT
        axes = self.add_axes(STRIP_LEFT, bottom, width, 4)
        axes.set_xlim(0, seconds)
        axes.set_yticks([])
        axes.set_xlabel('seconds', fontsize=TEXT, labelpad=3)
        scale = self.add_axes(MARGIN + 90, bottom + 14, SCALE_WIDTH, 12)
        ramp = np.linspace(0, 1, 256)[None]
        extent = (0.0, 100 * end, 0.0, 1.0)
        scale.imshow(ramp, cmap=RAMP, aspect='auto', extent=extent)
        scale.set_xticks([0, 50 * end, 100 * end])
        scale.xaxis.set_major_formatter('{x:.3g}%')
        scale.set_yticks([])
        for each in (axes, scale):
            each.tick_params(labelsize=TEXT, length=3, pad=2)
            each.spines[['top', 'right', 'left', 'bottom']].set_visible(False)
        self._label(MARGIN, bottom + 20, 'share')
        if grey:
            self._label(MARGIN + 262, bottom + 20, 'grey: no evidence')

    def _label(
        self, x: float, y: float, text: str, size: float = TEXT, **style: str
    ) -> None:
        """Write one line that begins at ``x`` with its middle at ``y``."""
        plain = dict(va='center_baseline', parse_math=False)
        self.write(x, y, text, size, **plain, **style)
