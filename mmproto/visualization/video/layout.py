"""Where everything stands in a frame of the video, in pixels."""

from dataclasses import dataclass

WIDTH = 1280
MARGIN = 20
PICTURE = (480, 760)  # rows and columns, at most
PICTURE_TOP = 48
LEGEND_GAP = 28
LEGEND_LINE = 22
LEGEND_HEADING = 28
LARGEST_LEGEND = 20  # classes
BAR_LEFT = 210  # from the left of the legend
BAR_WIDTH = 160
STRIP_HEADING = 34
# even, because H.264 has one colour for two by two pixels
ROW, ROW_GAP = 42, 4
PATCH = 42
STRIP_LEFT = 420
STRIP_RIGHT = 1206  # numbers stand to the right of it
FOOTER = 58


def picture_size(frame_size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of a frame as it is shown."""
    height, width = frame_size
    factor = min(PICTURE[0] / height, PICTURE[1] / width)
    return max(1, round(height * factor)), max(1, round(width * factor))


@dataclass(frozen=True)
class Layout:
    """Places in a frame, for a sequence and a number of rows.

    Args:
        frame_size: Rows and columns of a frame of the sequence.
        classes: Lines of the legend.
        rows: Rows of the strip.
    """

    frame_size: tuple[int, int]
    classes: int
    rows: int

    @property
    def picture(self) -> tuple[int, int]:
        """Rows and columns of the frame as it is shown."""
        return picture_size(self.frame_size)

    @property
    def legend_left(self) -> int:
        """Left edge of the legend."""
        return MARGIN + self.picture[1] + LEGEND_GAP

    def legend_top(self, line: int) -> int:
        """Upper edge of a line of the legend."""
        return PICTURE_TOP + LEGEND_HEADING + line * LEGEND_LINE

    @property
    def strip_top(self) -> int:
        """Upper edge of the first row."""
        legend = self.legend_top(self.classes)
        picture = PICTURE_TOP + self.picture[0]
        top = max(legend, picture) + 14 + STRIP_HEADING
        return top + top % 2

    def row_top(self, row: int) -> int:
        """Upper edge of a row."""
        return self.strip_top + row * (ROW + ROW_GAP)

    @property
    def strip_bottom(self) -> int:
        """Lower edge of the last row."""
        return self.row_top(self.rows) - ROW_GAP

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the whole, even as H.264 wants it."""
        height = self.strip_bottom + FOOTER
        return height + height % 2, WIDTH
