"""Whether what no class describes is found by its missing concepts."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmproto.models.metainfo import VOID
from mmproto.registry import METRICS

from .base import ExplanationMetric, Report, make_report
from .functional.ood import (
    SCORES,
    OODState,
    detections,
    empty_ood,
    fit_thresholds,
    flagged_shares,
    measure_ood,
    score_maps,
)
from .functional.ranking import (
    coarse_histogram,
    precision_recall_curve,
    roc_curve,
)
from .reading import ImageReading

_FITTED = '{}_fitted_threshold'


def fitted_thresholds(report: Report) -> dict[str, float]:
    """Read the thresholds of a report, for an :class:`OODMetric` elsewhere.

    Args:
        report: Report of a metric without ``thresholds``.

    Raises:
        ValueError: If none were fitted.
    """
    scalars = report['scalars']
    found = {name: scalars.get(_FITTED.format(name)) for name in SCORES}
    fitted = {
        name: value for name, value in found.items() if value is not None
    }
    if not fitted:
        raise ValueError(
            'the report holds no fitted thresholds; take that of an OODMetric '
            'without `thresholds`, on labelled data'
        )
    return fitted


@METRICS.register_module()
class OODMetric(ExplanationMetric):
    """Separation of the pixels of unknown objects from all others.

    Scores are the missing similarity to prototypes, missing evidence and, for
    comparison, the missing probability of the best class. Thresholds are
    either fitted on this data or given from other data and applied to this:
    never both, so that no share is reported on the data it was fitted to.

    Args:
        ood_ids: Labels out of distribution; all others but 255 are in it.
        flagged: Share of the known pixels that fitted thresholds may flag.
        thresholds: Thresholds by score, from the report of other data.
        **kwargs: Passed to :class:`ExplanationMetric`.

    Raises:
        ValueError: If an argument is out of range.
    """

    default_prefix = 'ood'

    def __init__(
        self,
        ood_ids: Sequence[int] = (254,),
        flagged: float = 0.05,
        thresholds: Mapping[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _check_arguments(ood_ids, flagged, thresholds)
        self.ood_ids = tuple(ood_ids)
        self.flagged = flagged
        self.thresholds = thresholds

    def measure(self, reading: ImageReading) -> OODState:
        """Sort the labelled pixels of one image by score."""
        labels = reading.label_map
        if labels is None:
            return empty_ood()
        maps = score_maps(
            reading.similarity(),
            reading.evidence,
            reading.probabilities(reading.evidence),
        )
        scores = reading.to_image(maps)
        return measure_ood(scores, labels, self.ood_ids, self.thresholds)

    def summarize(self, state: OODState) -> Report:
        """Turn histograms into numbers."""
        found = detections(state)
        scalars: dict[str, float | None] = {}
        for name in SCORES:
            for number in ('ap', 'fpr95', 'auroc'):
                value = found[name][number] if found else None
                scalars[f'{name}_{number}'] = value
        if self.thresholds is None:
            fitted = fit_thresholds(state, self.flagged) or {}
            scalars |= {_FITTED.format(s): fitted.get(s) for s in SCORES}
        else:
            for name, (known, unknown) in zip(SCORES, flagged_shares(state)):
                if name in self.thresholds:
                    scalars[f'{name}_flagged_known'] = known
                    scalars[f'{name}_flagged_unknown'] = unknown
        return make_report(
            scalars,
            curves=_curves(state) if found else None,
            histograms=_histograms(state),
            notes=self._notes(state),
        )

    def _notes(self, state: OODState) -> list[str]:
        known, unknown = state.counts[0].sum(dim=1).tolist()
        notes = [
            f'{known} pixels in and {unknown} pixels out of distribution '
            f'(labels {list(self.ood_ids)})'
        ]
        if not known or not unknown:
            notes.append(
                'AP, FPR95 and AUROC need pixels of both kinds; there are '
                f'none {"in" if not known else "out of"} distribution'
            )
        if self.thresholds is None and known:
            notes.append(
                f'thresholds are fitted to flag {self.flagged:.0%} of the '
                'pixels in distribution of this data; to learn what they '
                'flag, give them to the metric as `thresholds` on other data'
            )
        return notes


def _curves(state: OODState) -> dict[str, dict]:
    curves = {}
    for name, make, x_label, y_label in (
        ('roc', roc_curve, 'known flagged', 'unknown flagged'),
        ('precision_recall', precision_recall_curve, 'recall', 'precision'),
    ):
        lines = {s: make(*state.counts[i]) for i, s in enumerate(SCORES)}
        curves[name] = dict(
            x=lines[SCORES[0]][0],  # the same points for all
            y={score: line[1] for score, line in lines.items()},
            x_label=x_label,
            y_label=y_label,
        )
    return curves


def _histograms(state: OODState) -> dict[str, dict]:
    histograms = {}
    for name, counts in zip(SCORES, state.counts):
        edges, (known, unknown) = coarse_histogram(counts)
        histograms[name] = dict(
            edges=edges,
            counts=dict(known=known, unknown=unknown),
            x_label=f'{name} score, larger is stranger',
        )
    return histograms


def _check_arguments(
    ood_ids: Sequence[int],
    flagged: float,
    thresholds: Mapping[str, float] | None,
) -> None:
    if VOID in ood_ids or not ood_ids:
        raise ValueError(
            f'ood_ids must name labels other than {VOID}, which is void; got '
            f'{list(ood_ids)}'
        )
    if not 0 < flagged < 1:
        raise ValueError(f'flagged must lie between 0 and 1, got {flagged}')
    if thresholds is None:
        return
    wrong = set(thresholds) - set(SCORES)
    if wrong or not thresholds:
        raise ValueError(
            f'thresholds must be given for some of {SCORES}, got '
            f'{sorted(thresholds)}'
        )
    if not all(map(math.isfinite, thresholds.values())):
        raise ValueError(f'thresholds must be finite, got {dict(thresholds)}')
