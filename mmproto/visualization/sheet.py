"""One explanation as a picture that a person can read."""

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecBase, SubplotSpec

from mmproto.explanation import ConceptEvidence, Explanation
from mmproto.visualization.colors import (
    overlay_activation,
    overlay_classes,
    unit_color,
)
from mmproto.visualization.panels import (
    SMALL,
    class_legend,
    image_axes,
    list_weights,
    mark_point,
    patch_axes,
    shorten,
    wrap,
)
from mmproto.visualization.text import (
    PLAIN_TEXT,
    concept_title,
    fit,
    fit_names,
    with_plain_names,
    wrap_text,
)

WIDTH, LEFT = 17.0, 0.012  # inches, and share of them
TITLE_LINE, NOTE_LINE, ROW_HEIGHT = 0.32, 0.18, 1.95  # inches
NOTE_LENGTH = 200  # characters a line
TITLE_SIZE = 15  # points
SMALLEST_ROWS = 4  # so that the left column has room
LARGEST_CONCEPTS = 6
MOST_WEIGHTS = 4  # of a concept that are listed
PATCHES = 4
CONCEPT_WIDTH, PATCH_WIDTH = 2.2, 1.25  # inches, of their titles
# inches, of names of classes beside bars and in the list of weights
CLASS_WIDTH, WEIGHT_WIDTH = 1.0, 1.3
WINNER_COLOR, RUNNER_UP_COLOR = '#1f77b4', '#c7c7c7'


@matplotlib.rc_context(PLAIN_TEXT)
def draw_sheet(explanation: Explanation) -> Figure:
    """Draw image, prediction, and the concepts behind the decision.

    Args:
        explanation: Of :func:`mmproto.explain`.

    Returns:
        A figure on an Agg canvas; pyplot and its state are not involved.
    """
    explanation = with_plain_names(explanation)
    title = wrap_text(
        explanation.sentence(), TITLE_SIZE, (1 - 2 * LEFT) * WIDTH, 'bold'
    )
    notes = [wrap(note, NOTE_LENGTH) for note in explanation.notes]
    header = 0.45 + TITLE_LINE * len(title.splitlines())
    footer = 0.5 + NOTE_LINE * len('\n'.join(notes).splitlines())
    concepts = explanation.concepts[:LARGEST_CONCEPTS]
    rows = max(len(concepts), SMALLEST_ROWS)
    height = header + ROW_HEIGHT * rows + footer
    figure = Figure(figsize=(WIDTH, height), dpi=110)
    FigureCanvasAgg(figure)
    _write(figure, title, '\n'.join(notes))
    grid = figure.add_gridspec(
        1, 2, width_ratios=[1, 2.35], left=LEFT, right=0.99, wspace=0.05,
        top=1 - header / height, bottom=footer / height,
    )  # fmt: skip
    _draw_image(figure, grid[0], explanation)
    columns = _concept_grid(grid[1], rows, explanation.pixels.shape)
    labels = [fit(name, SMALL, PATCH_WIDTH) for name in explanation.classes]
    for row, item in enumerate(concepts):
        _draw_concept(figure, columns, row, explanation, item)
        _draw_patches(figure, columns, row, item, labels)
    return figure


def _write(figure: Figure, title: str, notes: str) -> None:
    """Write the sentence at the top and the notes at the bottom."""
    height = figure.get_size_inches()[1]
    figure.text(
        LEFT, 1 - 0.12 / height, title,
        fontsize=TITLE_SIZE, va='top', weight='bold',
    )  # fmt: skip
    figure.text(LEFT, 0.1 / height, notes, fontsize=SMALL + 1)


def _draw_image(
    figure: Figure, place: SubplotSpec, explanation: Explanation
) -> None:
    """Left column: image, prediction, legend and evidence of classes."""
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
    _draw_evidence(figure.add_subplot(right[1]), explanation)


def _draw_evidence(axes: Axes, explanation: Explanation) -> None:
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
    axes.set_xlim(low, high + 0.45 * span)
    axes.set_xticks([])
    for row, (index, value) in enumerate(zip(order, values)):
        share = explanation.probabilities[index]
        text = f'{value:.2f}  (p = {share:.2f})'
        end = max(value, 0) + 0.02 * span
        axes.text(end, row, text, va='center', fontsize=SMALL)
    axes.tick_params(length=0, labelsize=SMALL)
    axes.spines[['top', 'right', 'bottom']].set_visible(False)
    axes.set_title(
        'Evidence at the point, sum of all contributions',
        fontsize=SMALL + 2,
        loc='left',
    )


def _concept_grid(
    place: SubplotSpec, rows: int, shape: tuple[int, ...]
) -> GridSpecBase:
    """Rows of contribution, activation map and patches."""
    # a map as high as a row, but not so wide that the patches suffer
    map_ratio = float(np.clip(shape[1] / shape[0], 1.2, 2.0))
    return place.subgridspec(
        rows,
        2 + PATCHES,
        width_ratios=[1.5, map_ratio, *[1] * PATCHES],
        wspace=0.08,
        hspace=0.42,
    )


def _draw_concept(
    figure: Figure,
    grid: GridSpecBase,
    row: int,
    explanation: Explanation,
    item: ConceptEvidence,
) -> None:
    """Contribution and activation map, a row for each of the largest."""
    _draw_contribution(figure.add_subplot(grid[row, 0]), explanation, item)
    _draw_map(figure.add_subplot(grid[row, 1]), explanation, item)


def _draw_patches(
    figure: Figure,
    grid: GridSpecBase,
    row: int,
    item: ConceptEvidence,
    labels: list[str],
) -> None:
    for column, patch in enumerate(item.patches[:PATCHES]):
        axes = figure.add_subplot(grid[row, 2 + column])
        patch_axes(axes, patch, labels)
        if row == 0 and column == 0:
            axes.set_title(
                'Its nearest training patches, with label and similarity',
                fontsize=SMALL + 1,
                loc='left',
            )


def _draw_contribution(
    axes: Axes, explanation: Explanation, item: ConceptEvidence
) -> None:
    """Contribution to winner and runner-up, and the classes it is for."""
    winner, runner_up = explanation.predicted, explanation.runner_up
    shown = [winner] if runner_up is None else [winner, runner_up]
    values = explanation.contributions[shown, item.concept]
    both = explanation.contributions[shown]  # the same axis in every row
    low, high = min(float(both.min()), 0.0), max(float(both.max()), 1e-12)
    colors = [WINNER_COLOR, RUNNER_UP_COLOR]
    axes.barh(range(len(shown)), values, height=0.5, color=colors)
    for row, (index, value) in enumerate(zip(shown, values)):
        text = f'{shorten(explanation.classes[index], 14)} {value:.2f}'
        axes.text(low, row - 0.3, text, fontsize=SMALL, va='bottom')
    axes.set_xlim(low, 1.02 * high)
    axes.set_ylim(3.3, -0.9)
    axes.set_axis_off()
    name = explanation.names.get(item.concept)
    title = concept_title(item.concept, name, SMALL + 3, CONCEPT_WIDTH)
    axes.set_title(title, fontsize=SMALL + 3, loc='left', weight='bold')
    weights = explanation.weights_of(item.concept)
    weights = fit_names(weights, SMALL, WEIGHT_WIDTH, MOST_WEIGHTS)
    listed = list_weights(weights, most=MOST_WEIGHTS, width=30)
    axes.text(
        low, 1.55, f'weights: {listed}',
        fontsize=SMALL, va='top', color='#444444',
    )  # fmt: skip


def _draw_map(
    axes: Axes, explanation: Explanation, item: ConceptEvidence
) -> None:
    rgb = explanation.pixels[..., ::-1]
    overlay = overlay_activation(rgb, item.activation_map)
    activation = explanation.activations[item.concept]
    image_axes(axes, overlay)
    mark_point(axes, explanation.point)
    where = (
        f'scale {item.scale}'
        if item.dilation is None
        else f'dilation {item.dilation}'
    )
    axes.set_title(
        f'active here {activation:.2f}, {where}',
        fontsize=SMALL + 1,
        loc='left',
    )
