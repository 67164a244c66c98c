"""Second pass: one picture for every frame."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from mmproto.models.metainfo import Color
from mmproto.visualization.colors import overlay_classes
from mmproto.visualization.text import fit

from .background import DPI, HEADING, Background
from .layout import (
    BAR_LEFT,
    BAR_WIDTH,
    LARGEST_LEGEND,
    LEGEND_LINE,
    MARGIN,
    PICTURE_TOP,
    ROW,
    STRIP_HEADING,
    STRIP_RIGHT,
    WIDTH,
    Layout,
)
from .measurement import FrameNumbers, Measurement
from .rows import ConceptRow
from .strip import make_strip, marker_column, paint_strip, row_shares

POINT_RADIUS = 8  # pixels, as what follows
CLASS_WIDTH = 180  # of a name in the title of the strip
SIZE, BOLD_SIZE = 13, 14  # pixels: 9 and 10 points of the other texts


class Painter:
    """Draws what stands still once, and the rest frame by frame.

    Args:
        measurement: Numbers of the sequence.
        title: Of the video.
        rows: Concepts of the strip.
        patches: Their pictures, ``None`` where there is none.
        classes: Names of the classes.
        palette: Their RGB colours.
    """

    def __init__(
        self,
        measurement: Measurement,
        title: str,
        rows: Sequence[ConceptRow],
        patches: Sequence[np.ndarray | None],
        classes: Sequence[str],
        palette: Sequence[Color],
    ) -> None:
        self._measurement = measurement
        self._classes = [
            fit(name, HEADING, CLASS_WIDTH / DPI, 'bold') for name in classes
        ]
        self._palette = palette
        present = _present(measurement)
        self._shown = present[:LARGEST_LEGEND]
        left_out = len(present) - len(self._shown)
        lines = len(self._shown) + (left_out > 0)
        self.layout = Layout(measurement.size, lines, len(rows) + 1)
        self._concepts = [row.concept for row in rows]
        strip = make_strip(measurement, self._concepts)
        background = Background(self.layout)
        background.add_title(title)
        background.add_legend(self._shown, left_out, classes, palette)
        background.add_rows(rows, any(p is not None for p in patches))
        background.add_axes(measurement.seconds, strip.end, strip.grey)
        self.canvas = background.pixels()
        paint_strip(self.canvas, self.layout, strip)
        for row, patch in enumerate(patches):
            if patch is not None:
                _paste(self.canvas, patch, MARGIN, self.layout.row_top(row))

    def paint(
        self,
        index: int,
        numbers: FrameNumbers,
        frame: np.ndarray,
        prediction: np.ndarray,
    ) -> np.ndarray:
        """Draw one frame.

        Args:
            index: Number of the frame.
            numbers: Of the frame.
            frame: BGR pixels (h,w,3).
            prediction: Its predicted classes, at any size.

        Returns:
            RGB picture of the size of the layout.
        """
        canvas = self.canvas.copy()
        picture = self._overlay(frame, prediction)
        _paste(canvas, picture, MARGIN, PICTURE_TOP)
        self._add_legend(canvas, numbers)
        middle = (numbers.time + self._measurement.end(index)) / 2
        self._add_strip(canvas, numbers, middle)
        total = len(self._measurement)
        text = f'frame {index + 1} of {total} · {numbers.time:.2f} s'
        _write(canvas, text, WIDTH - MARGIN, 26, right=True)
        return canvas

    def _overlay(
        self, frame: np.ndarray, prediction: np.ndarray
    ) -> np.ndarray:
        """Frame with the prediction over it, as large as it is shown."""
        height, width = self.layout.picture
        size = (width, height)
        smaller = height < frame.shape[0]
        way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        rgb = cv2.resize(frame, size, interpolation=way)[..., ::-1]
        classes = cv2.resize(prediction, size, interpolation=cv2.INTER_NEAREST)
        picture = overlay_classes(rgb, classes, self._palette)
        if self._measurement.point is not None:
            rows, columns = frame.shape[:2]
            x, y = self._measurement.point
            centre = (
                int((x + 0.5) * width / columns),
                int((y + 0.5) * height / rows),
            )
            for color, thickness in ((0, 5), (255, 2)):
                cv2.circle(
                    picture, centre, POINT_RADIUS, (color,) * 3, thickness,
                    cv2.LINE_AA,
                )  # fmt: skip
        return picture

    def _add_legend(self, canvas: np.ndarray, numbers: FrameNumbers) -> None:
        """Add bars of the classes that the frame has."""
        left = self.layout.legend_left + BAR_LEFT
        for line, number in enumerate(self._shown):
            share = numbers.class_shares[number]
            if share > 0:
                top = self.layout.legend_top(line)
                end = left + max(1, round(share * BAR_WIDTH))
                canvas[top + 3 : top + 19, left:end] = self._palette[number]
                middle = top + LEGEND_LINE // 2
                _write(canvas, f'{share:.1%}', left + BAR_WIDTH + 8, middle)

    def _add_strip(
        self, canvas: np.ndarray, numbers: FrameNumbers, middle: float
    ) -> None:
        """Add a marker in the middle of the frame, and its shares."""
        top, bottom = self.layout.strip_top, self.layout.strip_bottom
        column = marker_column(middle, self._measurement.seconds)
        for color, half in ((0, 3), (255, 1)):
            canvas[top - 4 : bottom, column - half : column + half + 1] = color
        shares = row_shares(numbers, self._concepts)
        for row, share in enumerate(shares):
            line = self.layout.row_top(row) + ROW // 2
            _write(canvas, f'{share:.1%}', STRIP_RIGHT + 10, line)
        text = strip_title(self._measurement.point, numbers, self._classes)
        _write(canvas, text, MARGIN, top - STRIP_HEADING // 2, bold=True)


def strip_title(
    point: tuple[int, int] | None,
    numbers: FrameNumbers,
    classes: Sequence[str],
) -> str:
    """Say what the colours of the strip are; of a point, what it is too."""
    if point is None:
        return (
            'Share of the winning evidence by concept, mean over all pixels '
            'of a frame'
        )
    x, y = point
    return (
        f'Share of the winning evidence by concept at x={x}, y={y}, predicted '
        f'as {numbers.sentence(classes)}'
    )


def _present(measurement: Measurement) -> list[int]:
    """Classes of any frame, the one with most pixels first."""
    total = measurement.class_total
    order = np.argsort(-total, kind='stable')
    return [int(index) for index in order if total[index] > 0]


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    name = 'DejaVu Sans:bold' if bold else 'DejaVu Sans'
    return ImageFont.truetype(findfont(name), BOLD_SIZE if bold else SIZE)


def _write(
    canvas: np.ndarray,
    text: str,
    x: int,
    middle: int,
    right: bool = False,
    bold: bool = False,
) -> None:
    """Write black on white from (or, if ``right``, up to) column ``x``."""
    font = _font(bold)
    width = int(font.getlength(text)) + 1
    line = Image.new('L', (width, 2 * SIZE), 255)
    ImageDraw.Draw(line).text((0, SIZE), text, fill=0, font=font, anchor='lm')
    left = x - width if right else x
    _paste(canvas, np.array(line)[..., None], left, middle - SIZE)


def _paste(canvas: np.ndarray, picture: np.ndarray, x: int, y: int) -> None:
    height, width = picture.shape[:2]
    canvas[y : y + height, x : x + width] = picture
