"""Whether explanations are what decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmproto.registry import METRICS

from .base import ExplanationMetric, Report, check_interval, make_report
from .functional.completeness import (
    Completeness,
    completeness_errors,
    measure_completeness,
)
from .functional.faithfulness import (
    KINDS,
    ORDERS,
    Removal,
    mean_heights,
    mean_ious,
    measure_removal,
    removal_steps,
    sampled_cells,
)
from .reading import ImageReading

_NAMED_STEPS = (1, 3, 8)  # numbers of concepts kept that are scalars


@dataclass
class FaithfulnessState:
    """Sums over images.

    Args:
        pixels: Errors of the contributions against the logits; ``None`` for
            images between intervals.
        cells: Errors before resizing, where the head works.
        removal: Effects of deleting and inserting concepts.
    """

    pixels: Completeness | None
    cells: Completeness
    removal: Removal


@METRICS.register_module()
class FaithfulnessMetric(ExplanationMetric):
    """Compares contributions of concepts with what the model really does.

    Whether they add up to the logits; how fast the predicted class loses its
    probability when the largest are deleted, and gains it when they are
    inserted, against random orders; and how many segment as well as all.

    Args:
        steps: Numbers of concepts to delete, insert and keep. By default 1,
            2, 3, 5, 8, 13 and so on; 0, 34 and all are always included.
        interval: The pixels of every ``interval``-th image are compared; the
            cells of all images are.
        **kwargs: Passed to :class:`ExplanationMetric`.

    Raises:
        ValueError: If a step is negative or the interval below one.
    """

    default_prefix = 'faithfulness'

    def __init__(
        self,
        steps: Sequence[int] | None = None,
        interval: int = 25,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if steps is not None and min(steps, default=0) < 0:
            raise ValueError(
                f'steps must be numbers of concepts, got {list(steps)}'
            )
        self.steps = steps
        self.interval = check_interval(interval)

    def measure(self, reading: ImageReading) -> FaithfulnessState:
        """Take the decisions of one image apart."""
        weights, activations = reading.class_weights, reading.activations
        explained = (weights @ activations.flatten(1)).view_as(
            reading.evidence
        )
        pixels = None
        if reading.index % self.interval == 0:
            replayed = reading.replayed_logits()
            pixels = measure_completeness(reading.logits, replayed)
        rows, columns = sampled_cells(*reading.labels.shape)
        return FaithfulnessState(
            pixels=pixels,
            cells=measure_completeness(reading.evidence, explained),
            removal=measure_removal(
                activations[:, rows, columns].flatten(1),
                reading.evidence[:, rows, columns].flatten(1),
                weights,
                reading.labels[rows, columns].flatten(),
                reading.probabilities,
                removal_steps(len(activations), self.steps),
                seed=reading.index,
            ),
        )

    def summarize(self, state: FaithfulnessState) -> Report:
        """Turn sums into numbers."""
        scalars: dict[str, float | None] = {
            f'completeness_{name}{place}': value
            for place, errors in (
                ('', state.pixels),
                ('_at_cells', state.cells),
            )
            for name, value in completeness_errors(errors).items()
        }
        removal = state.removal
        scalars |= _areas(removal)
        ordered, pairs = removal.pairs.tolist()
        scalars['ranking_agreement'] = ordered / pairs if pairs else None
        agreements = (removal.agreeing / removal.cells).tolist()
        ious = mean_ious(removal)
        scalars['miou_all'] = ious[-1] if ious else None
        for index, number in enumerate(removal.steps[:-1]):
            if number in _NAMED_STEPS:
                scalars[f'agreement_{number}'] = agreements[index]
                scalars[f'miou_{number}'] = ious[index] if ious else None
        return make_report(
            scalars,
            curves=_curves(removal, agreements, ious),
            notes=_notes(scalars, self.interval),
        )


def _areas(removal: Removal) -> dict[str, float]:
    """List the areas by contribution, and their gains over random orders."""
    areas = {}
    for kind, (ordered, *random), sign in zip(
        KINDS, mean_heights(removal).tolist(), (1, -1)
    ):
        areas[f'{kind}_area'] = ordered
        for order, area in zip(ORDERS[1:], random):
            areas[f'{kind}_gain_over_{order}'] = sign * (area - ordered)
    return areas


def _curves(
    removal: Removal, agreements: list[float], ious: list[float] | None
) -> dict[str, dict]:
    means = (removal.probability / removal.cells).tolist()
    steps = list(removal.steps)
    curves = {
        kind: dict(
            x=steps,
            y=dict(zip(ORDERS, lines)),
            x_label=f'concepts {past}',
            y_label='probability of the predicted class',
        )
        for kind, past, lines in zip(KINDS, ('deleted', 'inserted'), means)
    }
    # without any concept the decision is a tie
    kept = dict(x=steps[1:], x_label='concepts kept in each cell')
    curves['agreement'] = dict(
        kept, y=agreements[1:], y_label='cells of the same class'
    )
    if ious is not None:
        curves['miou'] = dict(kept, y=ious[1:], y_label='mean IoU of cells')
    return curves


def _notes(scalars: dict[str, float | None], interval: int) -> list[str]:
    notes = [
        f'completeness is that of the pixels of one image in {interval}, and '
        'of the cells of all',
        'deletion, insertion, agreement and mIoU are of an even grid of at '
        'most 256 cells per image',
        'areas are means over log2(1 + n) for n up to 34 deleted or inserted '
        'concepts; gains are areas between random and ordered curves, '
        'positive if contributions rank better than chance',
    ]
    if scalars['completeness_error_mean'] is None:
        notes.append('completeness errors have no unit: no evidence at all')
    if scalars['miou_all'] is None:
        notes.append('no mIoU: there is no ground truth')
    return notes
