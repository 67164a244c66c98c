"""Contact sheets: what a concept learned, and where it misleads."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmproto.prototypes.patches import Patch
from mmproto.visualization.panels import (
    SMALL,
    image_axes,
    patch_axes,
)
from mmproto.visualization.text import PLAIN_TEXT, fit, one_line, wrap_text

from .text import sentence, title
from .views import View

PATCHES = 6
PAIRS = 2  # of cut-out and activation, side by side
DPI = 100
WIDTH, MARGIN = 13.0, 0.2  # inches, like all sizes below
TITLE_LINE, TEXT_LINE, HEADING = 0.3, 0.19, 0.32
PATCH, PATCH_TEXT = 1.7, 0.55
VIEW, VIEW_TEXT = (3.05, 2.3), 0.56
LINE_GAP, INNER_GAP, PAIR_GAP = 0.14, 0.06, 0.26
NAME = 2.1  # of a class, in a sentence or above a view
FILE_NAME = 2.7  # of an image, after its number
WRONG_COLOR = '#00e5ff'  # on photographs and on hot colours


def draw_sheet(
    number: int,
    data: dict,
    row: dict,
    patches: Sequence[Patch],
    views: Sequence[View],
) -> Figure:
    """Draw training patches of a concept, and the places where it misleads.

    Args:
        number: Of the confusion.
        data: Of :func:`~mmproto.confusions.table.confusion_data`.
        row: The confusion.
        patches: Of its concept, nearest first.
        views: Of its places, largest first.

    Returns:
        A figure on an Agg canvas; pyplot and its state are not involved.
    """
    # names of classes may hold dollar signs
    with matplotlib.rc_context(PLAIN_TEXT):
        return _draw(number, data, row, patches[:PATCHES], views)


def _draw(
    number: int,
    data: dict,
    row: dict,
    patches: Sequence[Patch],
    views: Sequence[View],
) -> Figure:
    width = WIDTH - 2 * MARGIN
    first = f'{number}. {title(data, row, _short)}'
    first = wrap_text(first, SMALL + 6, width, 'bold')
    text = wrap_text(sentence(data, row, _short), SMALL + 2, width)
    top = 0.1 + TITLE_LINE * len(first.splitlines())
    below = top + 0.1 + TEXT_LINE * len(text.splitlines())
    middle = below + 0.1 + HEADING
    middle += PATCH + PATCH_TEXT if patches else TEXT_LINE
    lines = -(-len(views) // PAIRS)
    height = middle + HEADING + lines * (VIEW[1] + VIEW_TEXT + LINE_GAP) + 0.1
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    FigureCanvasAgg(figure)
    _write(figure, 0.1, first, SMALL + 6, 'bold')
    _write(figure, top, text, SMALL + 2)
    _draw_patches(figure, below, data, row, patches)
    _draw_views(figure, middle, row, views)
    return figure


def _draw_patches(
    figure: Figure,
    y: float,
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
            'tools/project.py'
        )
    else:
        text = (
            f'Nearest training patches of concept {row["concept"]}, with '
            'label and similarity'
        )
    _write(figure, y + 0.1, text, SMALL + 2, 'bold')
    step = (WIDTH - 2 * MARGIN - PATCH) / (PATCHES - 1)
    for index, patch in enumerate(patches):
        place = (MARGIN + index * step, y + 0.1 + HEADING)
        axes = _axes(figure, place, (PATCH, PATCH))
        patch_axes(axes, patch, [one_line(name) for name in data['classes']])


def _draw_views(
    figure: Figure, y: float, row: dict, views: Sequence[View]
) -> None:
    """Draw the places, two a line."""
    text = (
        'Its largest places: wrong pixels outlined, and the activation over '
        'the same pixels'
    )
    _write(figure, y, text, SMALL + 2, 'bold')
    for index, view in enumerate(views):
        line, column = divmod(index, PAIRS)
        top = y + HEADING + line * (VIEW[1] + VIEW_TEXT + LINE_GAP) + VIEW_TEXT
        left = MARGIN + column * (2 * VIEW[0] + INNER_GAP + PAIR_GAP)
        _draw_view(figure, (left, top), row, view, index + 1)


def _draw_view(
    figure: Figure,
    place: tuple[float, float],
    row: dict,
    view: View,
    number: int,
) -> None:
    """Draw a cut-out and the activation beside it, with lines above."""
    x, y = place
    truth, predicted = (
        fit(row[side]['name'], SMALL + 1, NAME)
        for side in ('truth', 'predicted')
    )
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
        axes = _axes(figure, (x, y), VIEW)
        image_axes(axes, picture)
        _outline(axes, view.mask)
        _write(figure, y - VIEW_TEXT, text, SMALL + 1, x=x)
        x += VIEW[0] + INNER_GAP


def _outline(axes: Axes, mask: np.ndarray) -> None:
    """Draw around pixels; what the cut-out ends at is closed there."""
    padded = np.pad(mask, 1).astype(float)
    rows, columns = (np.arange(-1, side - 1) for side in padded.shape)
    limits = axes.get_xlim(), axes.get_ylim()
    for color, width in (('black', 2.6), (WRONG_COLOR, 1.3)):
        axes.contour(
            columns, rows, padded, levels=[0.5], colors=color, linewidths=width
        )
    axes.set(xlim=limits[0], ylim=limits[1])


def _axes(
    figure: Figure, place: tuple[float, float], size: tuple[float, float]
) -> Axes:
    """Axes at inches from the left and the top."""
    width, height = figure.get_size_inches()
    left, bottom = place[0] / width, 1 - (place[1] + size[1]) / height
    return figure.add_axes((left, bottom, size[0] / width, size[1] / height))


def _write(
    figure: Figure,
    y: float,
    text: str,
    size: float,
    weight: str = 'normal',
    x: float = MARGIN,
) -> None:
    """Write at inches from the left and the top."""
    width, height = figure.get_size_inches()
    figure.text(
        x / width, 1 - y / height, text, fontsize=size, weight=weight, va='top'
    )


def _short(name: str) -> str:
    return fit(name, SMALL + 2, NAME)
