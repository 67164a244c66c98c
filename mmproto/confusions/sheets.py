"""Contact sheets: what a concept learned, and where it misleads."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmproto.prototypes.patches import Patch
from mmproto.visualization.canvas import Canvas
from mmproto.visualization.panels import SMALL, image_axes, patch_axes
from mmproto.visualization.text import PLAIN_TEXT, fit, one_line, wrap_text

from .text import both_names, sentence, title
from .views import View

PATCHES = 6
PAIRS = 2  # of cut-out and activation, side by side
DPI = 100
WIDTH, MARGIN, GAP = 13.0, 0.2, 0.1  # inches, like all sizes below
TITLE_LINE, TEXT_LINE, HEADING = 0.3, 0.19, 0.32
PATCH, PATCH_TEXT = 1.7, 0.55
VIEW, VIEW_TEXT = (3.05, 2.3), 0.56
LINE_GAP, INNER_GAP, PAIR_GAP = 0.14, 0.06, 0.26
VIEW_LINE = VIEW_TEXT + VIEW[1] + LINE_GAP
NAME = 2.1  # of a class, in a sentence or above a view
FILE_NAME = 2.7  # of an image, after its number
WRONG_COLOR = '#00e5ff'  # visible on photographs and on hot colours


@matplotlib.rc_context(PLAIN_TEXT)  # names of classes may hold dollar signs
def draw_contact_sheet(
    number: int,
    data: dict,
    row: dict,
    patches: Sequence[Patch],
    views: Sequence[View],
) -> Figure:
    """Draw training patches of a concept, and the places where it misleads.

    Args:
        number: Rank of the confusion.
        data: From :func:`~mmproto.confusions.table.confusion_data`.
        row: The confusion.
        patches: Training patches of its concept, nearest first.
        views: Views of its places, largest first.

    Returns:
        A figure on an Agg canvas; pyplot and its state are not involved.
    """
    patches = patches[:PATCHES]
    first = f'{number}. {title(data, row, _short)}'
    first = wrap_text(first, SMALL + 6, WIDTH - 2 * MARGIN, 'bold')
    texts = [sentence(data, row, _short)]
    if data['surrogate'] is not None:
        texts.append(data['surrogate']['sentence'])
    width = WIDTH - 2 * MARGIN
    text = '\n'.join(wrap_text(each, SMALL + 2, width) for each in texts)
    heights = (
        GAP + TITLE_LINE * len(first.splitlines()),
        TEXT_LINE * len(text.splitlines()) + GAP,
        GAP + HEADING + (PATCH + PATCH_TEXT if patches else TEXT_LINE),
        HEADING + -(-len(views) // PAIRS) * VIEW_LINE + GAP,
    )
    canvas = Canvas(WIDTH, sum(heights), DPI)
    canvas.write(MARGIN, GAP, first, SMALL + 6, weight='bold')
    canvas.write(MARGIN, heights[0], text, SMALL + 2)
    _draw_patches(canvas, sum(heights[:2]) + GAP, data, row, patches)
    _draw_views(canvas, sum(heights[:3]), row, views)
    return canvas.figure


def _draw_patches(
    canvas: Canvas,
    top: float,
    data: dict,
    row: dict,
    patches: Sequence[Patch],
) -> None:
    """Draw a row of training patches, or say why there is none."""
    if row['concept'] is None:
        text = 'No concept leads: there are no training patches to show'
    elif not patches:
        text = (
            f'Concept {row["concept"]} has no training patches: run '
            'mmproto project'
        )
    else:
        text = (
            f'Nearest training patches of concept {row["concept"]}, with '
            'label and similarity'
        )
    canvas.write(MARGIN, top, text, SMALL + 2, weight='bold')
    names = [one_line(name) for name in data['classes']]
    step = (WIDTH - 2 * MARGIN - PATCH) / (PATCHES - 1)
    for index, patch in enumerate(patches):
        left = MARGIN + index * step
        axes = canvas.add_axes(left, top + HEADING, PATCH, PATCH)
        patch_axes(axes, patch, names)


def _draw_views(
    canvas: Canvas, top: float, row: dict, views: Sequence[View]
) -> None:
    """Draw the places, two per line."""
    text = (
        'Its largest places: wrong pixels outlined, and the activation over '
        'the same pixels'
    )
    canvas.write(MARGIN, top, text, SMALL + 2, weight='bold')
    for index, view in enumerate(views):
        line, column = divmod(index, PAIRS)
        left = MARGIN + column * (2 * VIEW[0] + INNER_GAP + PAIR_GAP)
        place = left, top + HEADING + line * VIEW_LINE
        _draw_view(canvas, place, row, view, index + 1)


def _draw_view(
    canvas: Canvas,
    place: tuple[float, float],
    row: dict,
    view: View,
    number: int,
) -> None:
    """Draw a cut-out and the activation beside it, below lines of text."""
    x, y = place
    truth, predicted = both_names(row, lambda n: fit(n, SMALL + 1, NAME))
    left = (
        f'{number}  {fit(view.name, SMALL + 1, FILE_NAME)}\n'
        f'truth: {truth}\npredicted: {predicted}'
    )
    right = f'{view.pixels:,} wrong pixels\n'
    if row['concept'] is None:
        right += 'no concept leads them'
    else:
        right += (
            f'concept {row["concept"]} at them: {view.mean:.2f} on average\n'
            f'brightest: {view.peak:.2f}, its largest in this image'
        )
    for picture, text in ((view.rgb, left), (view.heat, right)):
        axes = canvas.add_axes(x, y + VIEW_TEXT, *VIEW)
        image_axes(axes, picture)
        _outline(axes, view.mask)
        canvas.write(x, y, text, SMALL + 1)
        x += VIEW[0] + INNER_GAP


def _outline(axes: Axes, mask: np.ndarray) -> None:
    """Draw a line around pixels, closed at the border of the cut-out."""
    padded = np.pad(mask, 1).astype(float)
    rows, columns = (np.arange(-1, side - 1) for side in padded.shape)
    limits = axes.get_xlim(), axes.get_ylim()
    for color, width in (('black', 2.6), (WRONG_COLOR, 1.3)):
        axes.contour(
            columns, rows, padded, levels=[0.5], colors=color, linewidths=width
        )
    axes.set(xlim=limits[0], ylim=limits[1])


def _short(name: str) -> str:
    return fit(name, SMALL + 2, NAME)
