"""Whether noise in the image changes what concepts show."""

from typing import Any

from mmproto.registry import METRICS

from .base import Report, check_interval, known_values, make_report
from .functional.stability import (
    StabilityState,
    clipped_noise,
    measure_stability,
    stability_shares,
)
from .functional.states import share
from .part_metric import NO_PARTS, PartMetric
from .reading import ImageReading


@METRICS.register_module()
class StabilityMetric(PartMetric):
    """Share of hit parts that noise does not change, by three definitions.

    ``stability_evalprotopnet`` and ``stability_scaleprotoseg`` follow the
    papers of these names, ``stability_corrected`` counts only what was hit
    without noise: see ``docs/metrics.md``. ``most_active_kept`` and
    ``activation_change`` need no part labels.

    Args:
        interval: Every ``interval``-th image is run again, with noise.
        **kwargs: Passed to :class:`PartMetric`.

    Raises:
        ValueError: If the interval is below one.
    """

    default_prefix = 'stability'

    def __init__(self, interval: int = 25, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.interval = check_interval(interval)

    def measure(self, reading: ImageReading) -> StabilityState | None:
        """Sum up one image; ``None`` between intervals."""
        if reading.index % self.interval:
            return None
        maps = reading.activations
        noisy, _ = reading.rerun(clipped_noise(reading.index))
        rows, columns = maps.shape[1:]
        return measure_stability(
            maps,
            noisy[:, :rows, :columns],
            reading.class_weights,
            self.targets(reading),
        )

    def summarize(self, state: StabilityState) -> Report:
        """Turn the sums into shares."""
        notes = [
            f'{int(state.images)} images ran through the network again, '
            f'one in {self.interval}'
        ]
        if self.part_loader is None:
            notes.append(NO_PARTS)
        elif not state.part_images:
            notes.append('none of them has both part labels and ground truth')
        else:
            notes.append(
                f'the corrected share is of {int(state.object_hits.sum())} '
                'pairs of a concept and an object, by '
                f'{int((state.object_hits > 0).sum())} concepts'
            )
        return make_report(
            stability_shares(state), _per_concept(state), notes=notes
        )


def _per_concept(state: StabilityState) -> dict[str, list]:
    """List what was found (K,); ``None`` for concepts not evaluated."""
    pairs = dict(
        evalprotopnet=(state.box_same, state.box_images),
        scaleprotoseg=(state.area_same, state.area_images),
        corrected=(state.object_same, state.object_hits),
    )
    number = len(state.change)  # without part labels, sums have no shape
    found: dict[str, list] = dict(
        objects_hit=state.object_hits.expand(number).tolist()
    )
    for rule, (same, total) in pairs.items():
        rates = share(same, total).expand(number)
        found[f'stability_{rule}'] = known_values(
            rates, total.expand(number) > 0
        )
    return found
