"""The rows of a card: patch, words, bar and number. Lengths are inches."""

from typing import Any

from mmproto.explanations.explanation import ConceptEvidence, Explanation
from mmproto.models.facts import speaks_for
from mmproto.prototypes.patches import Patch
from mmproto.visualization.canvas import Canvas
from mmproto.visualization.content import Step
from mmproto.visualization.crops import crop_patch
from mmproto.visualization.panels import image_axes, list_weights, outline
from mmproto.visualization.text import fit, wrap_text

WIDTH, MARGIN = 3.3, 0.05  # a two-column paper has columns of 3.3
PATCH = 0.62  # its side
WORDS, BARS = (0.74, 1.94), (2.0, 2.66)  # left and right edges
LEAST_GAP = 0.02  # between a title and bars
LARGE, SMALL = 7.0, 6.0  # points; journals ask for 6 at least
LINE = 1.25 / 72  # height of a line per point of its font
BAR = 0.11
TITLES, CONCEPT_ROW, SUM_ROW = 0.16, 0.7, 0.22
MOST_CLASSES, MOST_LINES = 6, 3  # that a concept speaks for
NUMBER = 0.35  # room for the weight of a class
GREY = '#444444'
LEFT_TITLE = 'nearest training patch, concept, its class weights'
# darkness and hatching tell them apart
CONCEPT = dict(facecolor='#0072b2')
REST = dict(facecolor='white', hatch='////////')
AGAINST = dict(facecolor='white', hatch='xxxxxxxx')
TOTAL = dict(facecolor='#222222')


def rows_height(steps: list[Step]) -> float:
    """Return the height of all rows, with the titles above them."""
    return TITLES + sum(map(_height, steps))


def draw_rows(
    canvas: Canvas, explanation: Explanation, steps: list[Step], top: float
) -> None:
    """Draw the terms of the sum below each other, beginning at ``top``."""
    right = WIDTH - MARGIN
    canvas.write(MARGIN, top, LEFT_TITLE, SMALL, color=GREY)
    canvas.write(right, top, 'contribution', SMALL, color=GREY, ha='right')
    top += TITLES
    for step in steps:
        total = step is steps[-1]
        weight = 'bold' if total else 'normal'
        height = _height(step)
        middle = top + height / 2
        if total:
            canvas.add_line((MARGIN, right), (top, top), 0.6)
        if step.item is None:
            text = fit(step.title, LARGE, BARS[0] - MARGIN - LEAST_GAP, weight)
            canvas.write(
                MARGIN, middle, text, LARGE, va='center', weight=weight
            )
        else:
            _draw_concept(canvas, explanation, step, step.item, top)
        canvas.write(
            right, middle, step.number, LARGE,
            ha='right', va='center', weight=weight,
        )  # fmt: skip
        top += height


def draw_bars(canvas: Canvas, steps: list[Step], top: float) -> None:
    """Draw bars: each begins where the one above ends, the last at zero."""
    ends = [0.0, *(end for step in steps for end in (step.start, step.end))]
    low = min(ends)
    across = (BARS[1] - BARS[0]) / max(max(ends) - low, 1e-12)
    top += TITLES
    for step, below in zip(steps, [*steps[1:], None]):
        start, end = (
            BARS[0] + (value - low) * across
            for value in (step.start, step.end)
        )
        middle = top + _height(step) / 2
        canvas.add_box(
            min(start, end), middle - BAR / 2, abs(end - start), BAR,
            **_style(step, below is None),
        )  # fmt: skip
        top += _height(step)
        if below is not None:
            next_bar = top + _height(below) / 2 - BAR / 2
            canvas.add_line((end, end), (middle + BAR / 2, next_bar), 0.4)


def _height(step: Step) -> float:
    return SUM_ROW if step.item is None else CONCEPT_ROW


def _style(step: Step, total: bool) -> dict[str, Any]:
    if total:
        return TOTAL
    if step.value < 0:
        return AGAINST
    return REST if step.item is None else CONCEPT


def _draw_concept(
    canvas: Canvas,
    explanation: Explanation,
    step: Step,
    item: ConceptEvidence,
    top: float,
) -> None:
    """Draw the nearest training patch of a concept, and name the concept."""
    y = top + (CONCEPT_ROW - PATCH) / 2
    _draw_patch(canvas, item.patches[:1], y)
    left, width = WORDS[0], WORDS[1] - WORDS[0]
    title = wrap_text(step.title, LARGE, width, 'bold', most=2)
    canvas.write(left, y, title, LARGE, weight='bold')
    y += LINE * LARGE * len(title.splitlines())
    if item.concept in explanation.names:
        canvas.write(left, y, f'concept {item.concept}', SMALL, color=GREY)
        y += LINE * SMALL
    weights = speaks_for(explanation.weights_of(item.concept))
    canvas.write(left, y, _list_classes(weights, width), SMALL)


def _list_classes(weights: list[tuple[str, float]], width: float) -> str:
    """List as many classes and weights as there is room for."""
    lines = 'speaks for no class'
    for count in range(min(len(weights), MOST_CLASSES), 0, -1):
        lines = list_weights(
            weights, count, width, SMALL, width - NUMBER, 'speaks for'
        )
        if len(lines.splitlines()) <= MOST_LINES:
            break
    return lines


def _draw_patch(canvas: Canvas, patches: list[Patch], top: float) -> None:
    axes = canvas.add_axes(MARGIN, top, PATCH, PATCH)
    crop = crop_patch(patches[0]) if patches else None
    if crop is not None:
        image_axes(axes, crop.rgb)
        outline(axes, crop.field, 0.9)
        return
    axes.set(xticks=[], yticks=[])
    axes.text(
        0.5, 0.5, 'image\nnot found' if patches else 'no training\npatches',
        ha='center', va='center', fontsize=SMALL, transform=axes.transAxes,
    )  # fmt: skip
