"""The sheet: an explanation as one picture."""

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from mmproto.explanations.explanation import Explanation
from mmproto.visualization.canvas import Canvas
from mmproto.visualization.colors import overlay_classes, unit_color
from mmproto.visualization.panels import (
    SMALL,
    class_legend,
    image_axes,
    mark_point,
)
from mmproto.visualization.sheet_concepts import Contributions, draw_concepts
from mmproto.visualization.text import (
    PLAIN_TEXT,
    fit,
    with_plain_names,
    wrap_text,
)

WIDTH, MARGIN = 17.0, 0.204  # inches
TITLE_LINE, NOTE_LINE, ROW_HEIGHT = 0.32, 0.18, 1.95  # inches
TITLE_SIZE, NOTE_SIZE = 15, SMALL + 1  # points
LEAD_SIZE, LEAD_LINE = SMALL + 4, 0.24  # below the title
SMALLEST_ROWS = 4  # so that the left column has room
LARGEST_CONCEPTS = 6
CLASS_WIDTH = 1.0  # inches, of names of classes beside bars


@matplotlib.rc_context(PLAIN_TEXT)
def draw_sheet(explanation: Explanation) -> Figure:
    """Draw image, prediction, and the concepts behind the decision.

    Args:
        explanation: Of :func:`mmproto.explain`.

    Returns:
        A figure on an Agg canvas; pyplot and its state are not involved.
    """
    explanation = with_plain_names(explanation)
    width = WIDTH - 2 * MARGIN
    title = wrap_text(explanation.sentence(), TITLE_SIZE, width, 'bold')
    lead = _lead(explanation)
    notes = '\n'.join(
        wrap_text(note, NOTE_SIZE, width)
        for note in explanation.notes
        if note != lead
    )
    lead = wrap_text(lead, LEAD_SIZE, width)
    below = 0.12 + TITLE_LINE * len(title.splitlines())
    header = below + 0.33 + LEAD_LINE * len(lead.splitlines())
    footer = 0.75 + NOTE_LINE * len(notes.splitlines())
    listed = Contributions(explanation, LARGEST_CONCEPTS)
    rows = max(len(listed.concepts), SMALLEST_ROWS)
    height = header + ROW_HEIGHT * rows + footer
    canvas = Canvas(WIDTH, height, dpi=110)
    canvas.write(MARGIN, 0.12, title, TITLE_SIZE, weight='bold')
    canvas.write(MARGIN, below, lead, LEAD_SIZE)
    canvas.write(MARGIN, height - 0.1, notes, NOTE_SIZE, va='baseline')
    figure = canvas.figure
    grid = figure.add_gridspec(
        1, 2, width_ratios=[1, 2.35], wspace=0.05,
        left=MARGIN / WIDTH, right=0.99,
        top=1 - header / height, bottom=footer / height,
    )  # fmt: skip
    _draw_image(figure, grid[0], explanation, listed)
    draw_concepts(figure, grid[1], rows, explanation, listed)
    return figure


def _lead(explanation: Explanation) -> str:
    """Say below the title how far a surrogate is like the model itself."""
    surrogate = explanation.surrogate
    return '' if surrogate is None else surrogate.sentence()


def _draw_image(
    figure: Figure,
    place: SubplotSpec,
    explanation: Explanation,
    listed: Contributions,
) -> None:
    """Draw the left column: image, prediction, legend and evidence."""
    rgb = explanation.pixels[..., ::-1]
    rows = place.subgridspec(
        4, 1, height_ratios=[2.6, 2.6, 0.8, 1.4], hspace=0.15
    )
    x, y = explanation.point
    axes = figure.add_subplot(rows[0])
    image_axes(axes, rgb, f'Image, explained at x={x}, y={y}')
    mark_point(axes, explanation.point)
    axes = figure.add_subplot(rows[1])
    overlay = overlay_classes(rgb, explanation.prediction, explanation.palette)
    image_axes(axes, overlay, 'Prediction')
    mark_point(axes, explanation.point)
    counts = np.bincount(
        explanation.prediction.ravel(), minlength=len(explanation.classes)
    )
    present = [int(c) for c in np.argsort(-counts, kind='stable') if counts[c]]
    class_legend(
        figure.add_subplot(rows[2]),
        present[:12],
        explanation.classes,
        explanation.palette,
    )
    # room for the class names left of the bars
    right = rows[3].subgridspec(1, 2, width_ratios=[1, 3.6], wspace=0)
    _draw_evidence(figure.add_subplot(right[1]), explanation, listed)


def _draw_evidence(
    axes: Axes, explanation: Explanation, listed: Contributions
) -> None:
    order = np.argsort(-explanation.evidence, kind='stable')[:6]
    values = explanation.evidence[order]
    colors = [unit_color(explanation.palette[index]) for index in order]
    axes.barh(
        range(len(order)), values, color=colors, edgecolor='black', lw=0.5
    )
    axes.set_yticks(
        range(len(order)),
        [fit(explanation.classes[c], SMALL, CLASS_WIDTH) for c in order],
    )
    axes.invert_yaxis()
    # evidence may be negative where the classifier is signed
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    span = max(high - low, 1e-12)
    axes.set_xlim(low, high + 0.5 * span)
    axes.set_xticks([])
    for row, (index, value) in enumerate(zip(order, values)):
        share = explanation.probabilities[index]
        text = f'{listed.write(value)}  (p = {share:.2f})'
        end = max(value, 0) + 0.02 * span
        axes.text(end, row, text, va='center', fontsize=SMALL)
    axes.tick_params(length=0, labelsize=SMALL)
    axes.spines[['top', 'right', 'bottom']].set_visible(False)
    axes.set_title(
        'Evidence at the point, sum of all contributions',
        fontsize=SMALL + 2,
        loc='left',
    )
