"""Class activation maps and concepts of the same pixels, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmproto.explanations.explanation import Explanation
from mmproto.visualization.canvas import Canvas
from mmproto.visualization.colors import overlay_activation
from mmproto.visualization.panels import (
    SMALL,
    image_axes,
    list_weights,
    mark_point,
    patch_axes,
)
from mmproto.visualization.sheet_concepts import Contributions
from mmproto.visualization.text import (
    PLAIN_TEXT,
    concept_title,
    fit,
    with_plain_names,
    wrap_text,
)

from .measure import REGIONS
from .record import WORDS, describe_areas

CONCEPTS = 3
DPI = 110
MARGIN, GAP = 0.2, 0.14  # inches, like all sizes below
PICTURE, PATCH = 2.5, 1.0  # widths
TALLEST = 2.5  # of a picture
TITLE_LINE, HEADING, PATCH_TEXT, NOTE_LINE = 0.27, 0.56, 0.4, 0.19
CONCEPT = PICTURE + 0.08 + PATCH
WIDTH = 2 * MARGIN + 2 * (PICTURE + GAP) + CONCEPTS * (CONCEPT + GAP) - GAP
PANEL, AXIS = (4.3, 2.4), 0.6
# Okabe and Ito, as in the report; of the orders, with styles of lines
LINES = dict(
    cam=('#d55e00', '-'),
    concepts=('#0072b2', '-'),
    nearest=('#009e73', '--'),
    random=('#555555', ':'),
)


@dataclass(frozen=True)
class PixelPair:
    """One pixel, explained in both ways.

    Args:
        explanation: By the concept model.
        cam: Class activation map (h,w) of the segmentor.
        category: Class that the segmentor gives the pixel.
        probability: Its probability there.
    """

    explanation: Explanation
    cam: np.ndarray
    category: int
    probability: float


@matplotlib.rc_context(PLAIN_TEXT)
def draw_comparison(pairs: Sequence[PixelPair], record: dict) -> Figure:
    """Draw a row for each pixel, and the deletion curves below.

    Args:
        pairs: The pixels.
        record: From :func:`~mmproto.class_activation.record.\
comparison_record`.

    Returns:
        A figure on an Agg canvas; pyplot and its state are not involved.
    """
    pairs = [_with_plain_names(pair) for pair in pairs]
    width = WIDTH - 2 * MARGIN
    caption = wrap_text(_caption(record), SMALL + 1, width)
    titles = [wrap_text(_title(p), SMALL + 3, width, 'bold') for p in pairs]
    top = MARGIN + NOTE_LINE * len(caption.splitlines()) + GAP
    heights = [_row_height(p, t) for p, t in zip(pairs, titles)]
    bottom = HEADING + PANEL[1] + AXIS + MARGIN
    canvas = Canvas(WIDTH, top + sum(heights) + bottom, DPI)
    canvas.write(MARGIN, MARGIN, caption, SMALL + 1)
    for pair, title, height in zip(pairs, titles, heights):
        _draw_row(canvas, top, pair, title)
        top += height
    _draw_curves(canvas, top, record)
    return canvas.figure


def _with_plain_names(pair: PixelPair) -> PixelPair:
    return replace(pair, explanation=with_plain_names(pair.explanation))


def _caption(record: dict) -> str:
    text = (
        'Image with the pixel. Class activation map of the model '
        '(Seg-Grad-CAM): where the last map that its head reads raises the '
        'logit of the class at the pixel. Concepts: what each contributes to '
        'the evidence at the pixel, where else it is active, and its nearest '
        'training patches.'
    )
    if record['surrogate'] is not None:
        text += f' Concepts of a {record["surrogate"]["sentence"]}.'
    return text


def _title(pair: PixelPair) -> str:
    explanation = pair.explanation
    model = explanation.classes[pair.category]
    return (
        f'The model says {model} {pair.probability:.2f}. Concepts: '
        f'{explanation.sentence()}'
    )


def _picture_height(pair: PixelPair) -> float:
    rows, columns = pair.explanation.pixels.shape[:2]
    return min(PICTURE * rows / columns, TALLEST)


def _row_height(pair: PixelPair, title: str) -> float:
    lines = len(title.splitlines())
    inner = max(_picture_height(pair), PATCH + PATCH_TEXT)
    return TITLE_LINE * lines + HEADING + inner + 2 * GAP


def _draw_row(canvas: Canvas, top: float, pair: PixelPair, title: str) -> None:
    """Draw the image, its class activation map and the concepts."""
    explanation = pair.explanation
    canvas.write(MARGIN, top, title, SMALL + 3, weight='bold')
    top += TITLE_LINE * len(title.splitlines())
    rgb = explanation.pixels[..., ::-1]
    x, y = explanation.point
    name = explanation.classes[pair.category]
    image = Path(explanation.image or 'image').name
    cells = (
        (fit(image, SMALL + 1, PICTURE), f'pixel x={x}, y={y}', rgb),
        (
            'Class activation map',
            fit(f'of {name}', SMALL + 1, PICTURE),
            overlay_activation(rgb, pair.cam),
        ),
    )
    left = MARGIN
    for first, second, picture in cells:
        canvas.write(left, top, f'{first}\n{second}', SMALL + 1)
        _draw_picture(canvas, left, top + HEADING, pair, picture)
        left += PICTURE + GAP
    listed = Contributions(explanation, CONCEPTS)
    for index in range(len(listed.concepts)):
        _draw_concept(canvas, (left, top), pair, listed, index)
        left += CONCEPT + GAP


def _draw_picture(
    canvas: Canvas,
    left: float,
    top: float,
    pair: PixelPair,
    picture: np.ndarray,
) -> None:
    axes = canvas.add_axes(left, top, PICTURE, _picture_height(pair))
    image_axes(axes, picture)
    mark_point(axes, pair.explanation.point, 0.8)


def _draw_concept(
    canvas: Canvas,
    place: tuple[float, float],
    pair: PixelPair,
    listed: Contributions,
    index: int,
) -> None:
    """Draw a concept: its contribution, its map and a training patch."""
    left, top = place
    explanation = pair.explanation
    item, numbers = listed.concepts[index], listed.numbers[0]
    title = concept_title(
        item.concept,
        explanation.names.get(item.concept),
        SMALL + 1,
        CONCEPT,
    )
    title = title.partition('\n')[0]
    text = f'contributes {numbers[index]} of {numbers[-1]}'
    weights = explanation.weights_of(item.concept)
    text += f'\n{list_weights(weights, 3, 9.0, SMALL, 1.0, "weights:")}'
    canvas.write(left, top, title, SMALL + 1, weight='bold')
    canvas.write(left, top + 0.17, text, SMALL)
    rgb = explanation.pixels[..., ::-1]
    picture = overlay_activation(rgb, item.activation_map)
    _draw_picture(canvas, left, top + HEADING, pair, picture)
    if item.patches:
        side = left + PICTURE + 0.08
        axes = canvas.add_axes(side, top + HEADING, PATCH, PATCH)
        patch_axes(axes, item.patches[0], explanation.classes)


def _draw_curves(canvas: Canvas, top: float, record: dict) -> None:
    """Draw a panel for each region, and say the areas beside them."""
    left = MARGIN + AXIS
    for region in REGIONS:
        axes = canvas.add_axes(left, top + HEADING, *PANEL)
        _draw_panel(axes, record, region)
        left += PANEL[0] + AXIS + GAP
    width = WIDTH - MARGIN - left
    lines = [
        f'Cells of {record["cell"]} pixels are replaced by the mean of the '
        'data, those that an explanation names first, and the model itself '
        f'is asked again: {record["num_pixels"]} random pixels of '
        f'{record["num_images"]} images. An explanation that names what the '
        'model uses lowers the curve early.',
        *describe_areas(record),
    ]
    text = '\n\n'.join(wrap_text(line, SMALL + 1, width) for line in lines)
    canvas.write(left, top + HEADING, text, SMALL + 1)


def _draw_panel(axes: Axes, record: dict, region: str) -> None:
    for order, (color, style) in LINES.items():
        found = record['regions'][region]['orders'][order]
        axes.plot(
            [100 * share for share in record['shares']],
            found['curve'],
            color=color,
            linestyle=style,
            marker='o',
            markersize=3,
            linewidth=1.6,
            label=f'{WORDS[order]}: {found["area"]:.3f}',
        )
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel('cells deleted, %', fontsize=SMALL + 1)
    axes.set_ylabel('probability of the class', fontsize=SMALL + 1)
    axes.tick_params(labelsize=SMALL)
    axes.grid(color='#dddddd', linewidth=0.6)
    axes.spines[['top', 'right']].set_visible(False)
    axes.set_title(
        f'Deletion, measured at the {region} (area under the curve)',
        fontsize=SMALL + 2,
        loc='left',
    )
    axes.legend(fontsize=SMALL, frameon=False)
