"""Whether a concept always means the same part of an object."""

from typing import Any

from mmproto.registry import METRICS

from .base import Report, known_values, make_report
from .functional.consistency import (
    Consistency,
    ConsistencyState,
    corrected_consistency,
    evalprotopnet_consistency,
    measure_consistency,
    reproseg_consistency,
    scaleprotoseg_consistency,
)
from .part_metric import NO_PARTS, PartMetric
from .reading import ImageReading


@METRICS.register_module()
class ConsistencyMetric(PartMetric):
    """Share of consistent concepts, by four definitions in one pass.

    ``consistency_evalprotopnet``, ``consistency_scaleprotoseg`` and
    ``consistency_reproseg`` follow the papers of these names,
    ``consistency_corrected`` corrects them: see ``docs/metrics.md``.

    Args:
        min_misses: In the corrected definition, a class counts if random
            places would miss the part on at least this many objects.
        **kwargs: Passed to :class:`PartMetric`.

    Raises:
        ValueError: If ``min_misses`` is not positive.
    """

    default_prefix = 'consistency'

    def __init__(self, min_misses: float = 3.0, **kwargs: Any) -> None:
        if min_misses <= 0:
            raise ValueError(f'min_misses must be positive, got {min_misses}')
        super().__init__(**kwargs)
        self.min_misses = min_misses

    def measure(self, reading: ImageReading) -> ConsistencyState:
        """Sum up one image; without part labels, all is zero."""
        targets = self.targets(reading)
        if targets is None:
            return ConsistencyState()
        return measure_consistency(
            reading.activations, reading.class_weights, targets
        )

    def summarize(self, state: ConsistencyState) -> Report:
        """Judge all concepts by all definitions."""
        loader = self.part_loader
        if loader is None or not state.images:
            return _nothing(loader is not None)
        found = dict(
            evalprotopnet=evalprotopnet_consistency(state),
            scaleprotoseg=scaleprotoseg_consistency(state),
            reproseg=reproseg_consistency(state),
            corrected=corrected_consistency(
                state, loader.part_classes, self.min_misses
            ),
        )
        scalars: dict[str, float | None] = {}
        per_concept: dict[str, list] = dict(
            objects=state.active.sum(dim=1).tolist()
        )
        for rule, result in found.items():
            judged = result.evaluated
            best = [loader.part_names[part] for part in result.part.tolist()]
            scalars[f'consistency_{rule}'] = result.score
            scalars[f'evaluated_{rule}'] = float(judged.sum())
            per_concept[f'part_{rule}'] = known_values(best, judged)
            per_concept[f'rate_{rule}'] = known_values(result.rate, judged)
            per_concept[f'consistent_{rule}'] = known_values(
                result.consistent, judged
            )
        corrected = found['corrected']
        rates = corrected.rate[corrected.evaluated]
        never = (state.objects > 0) & (state.active.sum(dim=1) == 0)
        scalars['mean_rate_corrected'] = (
            float(rates.mean()) if len(rates) else None
        )
        scalars['never_active_concepts'] = float(never.sum())
        return make_report(
            scalars,
            per_concept,
            notes=self._notes(state, int(never.sum()), corrected),
        )

    def _notes(
        self, state: ConsistencyState, never: int, corrected: Consistency
    ) -> list[str]:
        active = state.active.sum(dim=1) > 0
        few = int((active & ~corrected.evaluated).sum())
        absent = int((state.objects == 0).sum())
        return [
            f'measured on {int(state.images)} images with part labels',
            f'left out of the corrected definition: {never} concepts that '
            'are never active on an object of their classes, '
            f'{few} that are active on too few to tell them from chance '
            f'(fewer than {self.min_misses:g} expected misses), {absent} '
            'whose classes show no object with parts to tell apart',
        ]


def _nothing(has_loader: bool) -> Report:
    names = ('evalprotopnet', 'scaleprotoseg', 'reproseg', 'corrected')
    note = 'no image has both part labels and ground truth'
    return make_report(
        {f'consistency_{name}': None for name in names},
        notes=[note if has_loader else NO_PARTS],
    )
