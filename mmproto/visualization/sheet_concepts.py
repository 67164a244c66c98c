"""The rows of a sheet: contribution, activation map and patches."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecBase, SubplotSpec

from mmproto.explanations.explanation import ConceptEvidence, Explanation
from mmproto.visualization.colors import overlay_activation
from mmproto.visualization.panels import (
    SMALL,
    image_axes,
    list_weights,
    mark_point,
    patch_axes,
)
from mmproto.visualization.rounding import Digits
from mmproto.visualization.text import concept_title, fit

MOST_WEIGHTS = 4  # of a concept that are listed
PATCHES = 4
# inches, of titles and lists, of names of classes at bars and in lists
TEXT_WIDTH, CLASS_WIDTH, WEIGHT_WIDTH = 2.2, 1.4, 1.3
WINNER_COLOR, RUNNER_UP_COLOR = '#1f77b4', '#c7c7c7'


class Contributions:
    """The largest contributions, and how they are written.

    Args:
        explanation: Of :func:`mmproto.explain`.
        most: Largest number of concepts to draw.

    Attributes:
        concepts: The concepts to draw, largest contribution first.
        classes: The winner, and the runner-up if there is one.
        numbers: For each class the contribution of each concept, that of all
            others with the rounding, and the sum. They add up digit for
            digit.
    """

    def __init__(self, explanation: Explanation, most: int) -> None:
        winner, runner_up = explanation.predicted, explanation.runner_up
        self.concepts = explanation.concepts[:most]
        self.classes = [winner] if runner_up is None else [winner, runner_up]
        listed = [item.concept for item in self.concepts]
        both = explanation.contributions[self.classes]  # of 2 classes, K
        evidence = explanation.evidence[self.classes]
        shown = np.append(both[:, listed], evidence)
        self._digits = Digits(float(np.abs(shown).max()))
        self.numbers = [
            self._digits.write_sum(row[listed].tolist(), float(total))
            for row, total in zip(both, evidence)
        ]

    def write(self, value: float) -> str:
        """Write a number with the same last place as the others."""
        return self._digits.write(value)


def draw_concepts(
    figure: Figure,
    place: SubplotSpec,
    rows: int,
    explanation: Explanation,
    listed: Contributions,
) -> None:
    """Draw a row for each of the largest concepts, and their sum.

    Args:
        figure: The sheet.
        place: Part of the sheet for the rows.
        rows: Number of rows that have room there.
        explanation: Of :func:`mmproto.explain`.
        listed: Its largest contributions.
    """
    grid = _concept_grid(place, rows, explanation.pixels.shape)
    for row, item in enumerate(listed.concepts):
        axes = figure.add_subplot(grid[row, 0])
        _draw_contribution(axes, explanation, listed, row)
        _draw_map(figure.add_subplot(grid[row, 1]), explanation, item)
        _draw_patches(figure, grid, row, item, explanation.classes)
        if item is listed.concepts[-1]:
            _write_rest(axes, explanation, listed)


def _concept_grid(
    place: SubplotSpec, rows: int, shape: tuple[int, ...]
) -> GridSpecBase:
    """Divide a place into rows of contribution, map and patches."""
    # a map as high as a row, but not so wide that the patches suffer
    map_ratio = float(np.clip(shape[1] / shape[0], 1.2, 2.0))
    return place.subgridspec(
        rows,
        2 + PATCHES,
        width_ratios=[1.5, map_ratio, *[1] * PATCHES],
        wspace=0.08,
        hspace=0.42,
    )


def _draw_patches(
    figure: Figure,
    grid: GridSpecBase,
    row: int,
    item: ConceptEvidence,
    names: list[str],
) -> None:
    for column, patch in enumerate(item.patches[:PATCHES]):
        axes = figure.add_subplot(grid[row, 2 + column])
        patch_axes(axes, patch, names)
        if row == 0 and column == 0:
            axes.set_title(
                'Its nearest training patches, with label and similarity',
                fontsize=SMALL + 1,
                loc='left',
            )


def _draw_contribution(
    axes: Axes, explanation: Explanation, listed: Contributions, row: int
) -> None:
    """Draw what a concept contributes, and list its class weights."""
    item = listed.concepts[row]
    both = explanation.contributions[listed.classes]  # of 2 classes, K
    values = both[:, item.concept]
    # the same axis in every row
    low, high = min(float(both.min()), 0.0), max(float(both.max()), 1e-12)
    colors = [WINNER_COLOR, RUNNER_UP_COLOR][: len(values)]
    axes.barh(range(len(values)), values, height=0.5, color=colors)
    for line, text in enumerate(_texts(explanation, listed, row)):
        axes.text(low, line - 0.3, text, fontsize=SMALL, va='bottom')
    axes.set_xlim(low, 1.02 * high)
    axes.set_ylim(3.3, -0.9)
    axes.set_axis_off()
    name = explanation.names.get(item.concept)
    title = concept_title(item.concept, name, SMALL + 3, TEXT_WIDTH)
    axes.set_title(title, fontsize=SMALL + 3, loc='left', weight='bold')
    weights = explanation.weights_of(item.concept)
    text = list_weights(
        weights, MOST_WEIGHTS, TEXT_WIDTH, SMALL, WEIGHT_WIDTH, 'weights:'
    )
    axes.text(low, 1.55, text, fontsize=SMALL, va='top', color='#444444')


def _write_rest(
    axes: Axes, explanation: Explanation, listed: Contributions
) -> None:
    """Write the rest and the sum below the last concept."""
    rest = ', '.join(_texts(explanation, listed, -2))
    total = ', '.join(_texts(explanation, listed, -1))
    axes.text(
        0, -0.1,
        f'All other concepts and rounding:\n{rest}\nSum = evidence: {total}',
        fontsize=SMALL, va='top', transform=axes.transAxes,
    )  # fmt: skip


def _texts(
    explanation: Explanation, listed: Contributions, row: int
) -> list[str]:
    """Pair each class with its number in a row."""
    names = [
        fit(explanation.classes[index], SMALL, CLASS_WIDTH)
        for index in listed.classes
    ]
    return [
        f'{name} {numbers[row]}'
        for name, numbers in zip(names, listed.numbers)
    ]


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
