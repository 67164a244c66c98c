"""Second pass over a sequence: draw every frame."""

import math
from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from matplotlib.font_manager import findfont
from mmengine.visualization.utils import img_from_canvas
from PIL import Image, ImageDraw, ImageFont

from mmproto.models.facts import ModelFacts
from mmproto.models.surrogate_record import percent
from mmproto.visualization.colors import overlay_classes
from mmproto.visualization.text import fit

from .background import (
    BAR_HEIGHT,
    BAR_LEFT,
    BAR_WIDTH,
    DPI,
    HEADING,
    LARGEST_LEGEND,
    LEGEND_LINE,
    MARGIN,
    NOTE_LINE,
    ROW,
    STRIP_HEADING,
    STRIP_RIGHT,
    TITLE_LINE,
    WIDTH,
    Background,
    FrameLayout,
    wrap_note,
)
from .measurement import FrameNumbers, Measurement, largest_first
from .strip import make_strip, marker_column, paint_strip, row_shares

POINT_RADIUS = 8  # pixels, like all below
CLASS_WIDTH = 180  # of a name in the heading of the strip
SIZE, BOLD_SIZE = 13, 14  # pixels: the 9 and 10 points of TEXT, HEADING


class Painter:
    """Draws what stands still once, and the rest frame by frame.

    Args:
        measurement: Numbers of the sequence.
        title: Of the video.
        facts: Of the model.
        concepts: Those that have a row in the strip.
        patches: Their pictures, ``None`` where there is none.

    Attributes:
        layout: Where everything is.
        canvas: RGB picture (h,w,3) of what stands still.
    """

    def __init__(
        self,
        measurement: Measurement,
        title: str,
        facts: ModelFacts,
        concepts: Sequence[int],
        patches: Sequence[np.ndarray | None],
    ) -> None:
        self._measurement = measurement
        self._classes = [
            fit(name, HEADING, CLASS_WIDTH / DPI, 'bold')
            for name in facts.classes
        ]
        self._palette = facts.palette
        present = largest_first(measurement.class_total)
        self._shown = present[:LARGEST_LEGEND]
        left_out = len(present) - len(self._shown)
        lines = len(self._shown) + (left_out > 0)
        note = ''
        if facts.surrogate is not None:
            note = wrap_note(facts.surrogate.sentence())
        self.layout = FrameLayout(
            measurement.size,
            lines,
            len(concepts) + 1,
            note=len(note.splitlines()),
        )
        self._concepts = list(concepts)
        strip = make_strip(measurement, self._concepts)
        background = Background(self.layout)
        background.add_title(title)
        background.add_note(note)
        background.add_legend(self._shown, left_out, facts)
        any_patch = any(patch is not None for patch in patches)
        background.add_rows(concepts, facts, any_patch)
        background.add_plots(measurement.seconds, strip.end, strip.grey)
        self.canvas = img_from_canvas(background.figure.canvas).copy()
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
            numbers: Its numbers.
            frame: BGR pixels (h,w,3).
            prediction: Its predicted classes, at any size.

        Returns:
            RGB picture of the size of the layout.
        """
        canvas = self.canvas.copy()
        picture = self._overlay(frame, prediction)
        _paste(canvas, picture, MARGIN, self.layout.picture_top)
        self._add_legend(canvas, numbers)
        middle = (numbers.time + self._measurement.end(index)) / 2
        self._add_strip(canvas, numbers, middle)
        total = len(self._measurement)
        text = f'frame {index + 1} of {total} · {numbers.time:.2f} s'
        _write(canvas, text, WIDTH - MARGIN, TITLE_LINE, right=True)
        if not math.isnan(numbers.agreement):
            text = f'in this frame: {percent(numbers.agreement)}'
            line = TITLE_LINE + NOTE_LINE
            _write(canvas, text, WIDTH - MARGIN, line, right=True)
        return canvas

    def _overlay(
        self, frame: np.ndarray, prediction: np.ndarray
    ) -> np.ndarray:
        """Return the frame with the prediction over it, at its shown size."""
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
        """Draw the bars of the classes that the frame has."""
        left = self.layout.legend_left + BAR_LEFT
        for line, number in enumerate(self._shown):
            share = numbers.class_shares[number]
            if share > 0:
                top = self.layout.legend_top(line)
                end = left + max(1, round(share * BAR_WIDTH))
                bar = canvas[top + 3 : top + 3 + BAR_HEIGHT, left:end]
                bar[:] = self._palette[number]
                middle = top + LEGEND_LINE // 2
                _write(canvas, f'{share:.1%}', left + BAR_WIDTH + 8, middle)

    def _add_strip(
        self, canvas: np.ndarray, numbers: FrameNumbers, middle: float
    ) -> None:
        """Draw a marker at the time of the frame, and write its shares."""
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
    """Say what the colours of the strip mean, and what the point is."""
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
    """Write black on white, from or (``right``) up to column ``x``."""
    font = _font(bold)
    width = int(font.getlength(text)) + 1
    line = Image.new('L', (width, 2 * SIZE), 255)
    ImageDraw.Draw(line).text((0, SIZE), text, fill=0, font=font, anchor='lm')
    left = x - width if right else x
    _paste(canvas, np.array(line)[..., None], left, middle - SIZE)


def _paste(canvas: np.ndarray, picture: np.ndarray, x: int, y: int) -> None:
    height, width = picture.shape[:2]
    canvas[y : y + height, x : x + width] = picture
