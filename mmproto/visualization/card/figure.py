"""A card as a picture for one column of a paper."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from mmproto.explanations.explanation import Explanation
from mmproto.utils.files import atomic_path
from mmproto.visualization.canvas import Canvas
from mmproto.visualization.content import steps_of
from mmproto.visualization.panels import image_axes, mark_point
from mmproto.visualization.text import (
    PLAIN_TEXT,
    with_plain_names,
    wrap_text,
)

from .rows import (
    GREY,
    LARGE,
    LINE,
    MARGIN,
    SMALL,
    WIDTH,
    draw_bars,
    draw_rows,
    rows_height,
)

DPI = 300
IMAGE = 1.8  # longer side of the image in inches
GAP, FOOT = 0.14, 0.12  # inches
LARGEST_CONCEPTS = 3
MOST_LINES = 14  # of the sentence
REMARK = 'Contribution = activation × class weight; numbers are rounded.'
# TrueType in the PDF: publishers refuse the kind that is matplotlib's default
VECTOR: Any = {'pdf.fonttype': 42}


@matplotlib.rc_context(PLAIN_TEXT | {'hatch.linewidth': 0.4})
def draw_card(explanation: Explanation) -> Figure:
    """Draw the point, the decision and the parts that its evidence sums.

    The card is one column wide, with letters of 6 points and more, and can
    be read without colours.
    """
    explanation = with_plain_names(explanation)
    rows, columns = explanation.pixels.shape[:2]
    scale = IMAGE / max(rows, columns)  # inches a pixel
    left = MARGIN + scale * columns + GAP
    sentence = wrap_text(
        explanation.sentence(), LARGE, WIDTH - left - MARGIN, most=MOST_LINES
    )
    text_height = LINE * LARGE * len(sentence.splitlines())
    steps = steps_of(explanation, most=LARGEST_CONCEPTS)
    header = max(scale * rows, text_height) + GAP
    foot = _foot(explanation)
    height = 2 * MARGIN + header + rows_height(steps) + FOOT
    height += LINE * SMALL * foot.count('\n')
    canvas = Canvas(WIDTH, height, DPI)
    axes = canvas.add_axes(MARGIN, MARGIN, scale * columns, scale * rows)
    image_axes(axes, explanation.pixels[..., ::-1])
    mark_point(axes, explanation.point, 0.5)
    for ring in axes.lines:  # also whole at the border
        ring.set_clip_on(False)
    canvas.write(left, MARGIN, sentence, LARGE)
    draw_rows(canvas, explanation, steps, MARGIN + header)
    draw_bars(canvas, steps, MARGIN + header)
    bottom = height - MARGIN
    canvas.write(MARGIN, bottom, foot, SMALL, color=GREY, va='bottom')
    return canvas.figure


def _foot(explanation: Explanation) -> str:
    """Say how to read the card and, of a surrogate, how far to trust it."""
    if explanation.surrogate is None:
        return REMARK
    line = explanation.surrogate.sentence()
    return f'{wrap_text(line, SMALL, WIDTH - 2 * MARGIN)}\n{REMARK}'


def save_card(figure: Figure, folder: Path) -> None:
    """Write ``card.png`` and ``card.pdf``.

    Args:
        figure: Of :func:`draw_card`.
        folder: Created if it is missing.
    """
    with atomic_path(folder / 'card.png') as temporary:
        figure.savefig(temporary)
    with (
        matplotlib.rc_context(VECTOR),
        atomic_path(folder / 'card.pdf') as temporary,
    ):
        # no date: the same card is the same file
        figure.savefig(temporary, metadata=dict(CreationDate=None))
