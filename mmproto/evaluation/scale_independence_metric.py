"""Whether concepts do not depend on the size of what they show."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from mmproto.prototypes.features import resize_by
from mmproto.registry import METRICS

from .base import ExplanationMetric, Report, check_interval, make_report
from .functional.scale_independence import (
    FACTORS,
    ScaleState,
    compare_sizes,
    kappa,
    object_sizes,
    rank_correlation,
    scale_moves,
    size_labels,
    sort_by_size,
    top_concepts,
)
from .reading import ImageReading

_SUBSETS = ('', '_confident')


@METRICS.register_module()
class ScaleIndependenceMetric(ExplanationMetric):
    """Stability of concepts when an image is shown at half and double size.

    A concept that does not depend on size stays on top, and is found at a
    larger dilation rate where its object is larger.

    Args:
        interval: Every ``interval``-th image is shown at other sizes.
        confidence: Probability from which a cell counts as confident.
        **kwargs: Passed to :class:`ExplanationMetric`.

    Raises:
        ValueError: If the interval is below one or the confidence is no
            probability.
    """

    default_prefix = 'scale'

    def __init__(
        self, interval: int = 25, confidence: float = 0.5, **kwargs: Any
    ) -> None:
        if not 0 <= confidence <= 1:
            raise ValueError(f'confidence must be in [0, 1], got {confidence}')
        super().__init__(**kwargs)
        self.interval = check_interval(interval)
        self.confidence = confidence

    def measure(self, reading: ImageReading) -> ScaleState | None:
        """Compare an image with itself at other sizes; sort its cells."""
        if reading.index % self.interval:
            return None
        rank = _rank_of_scale(reading)  # S
        scales = rank[reading.scales]  # K,H,W
        predicted = reading.evidence.argmax(dim=0)  # H,W
        sure = reading.probabilities(reading.evidence).amax(dim=0)
        compared = []
        for factor in FACTORS.values():
            there = reading.rerun(partial(resize_by, factor=factor))
            compared.append(
                compare_sizes(
                    reading.activations,
                    scales,
                    (there[0], rank[there[1]]),
                    reading.class_weights,
                    predicted,
                    sure >= self.confidence,
                    len(rank),
                )
            )
        kept, cells, tops, moves = map(torch.stack, zip(*compared))
        return ScaleState(
            torch.tensor(1),
            kept,
            cells,
            tops,
            moves,
            _by_size(reading, scales, predicted),
        )

    def summarize(self, state: ScaleState) -> Report:
        """Turn sums into shares."""
        rates = self._rates(state)
        several = len(rates) > 1
        scalars: dict[str, float | None] = {}
        for index, (name, factor) in enumerate(FACTORS.items()):
            for subset, suffix in enumerate(_SUBSETS):
                kept = int(state.kept[index, subset])
                cells = int(state.cells[index, subset])
                key = f'{name}{suffix}'
                scalars[f'top_concept_kept_{key}'] = (
                    kept / cells if cells else None
                )
                scalars[f'top_concept_kappa_{key}'] = kappa(
                    kept, cells, state.tops[index, subset]
                )
            moves = state.moves[index] if several else torch.zeros(1, 1)
            for move, share in scale_moves(moves, factor > 1).items():
                scalars[f'scale_{move}_{name}'] = share
        scalars['size_correlation'] = (
            rank_correlation(state.sizes) if several else None
        )
        return make_report(
            scalars,
            curves=_curve(state, rates)
            if several and state.sizes.any()
            else None,
            histograms=dict(scale_by_object_size=_histogram(state, rates)),
            notes=self._notes(state),
        )

    def _rates(self, state: ScaleState) -> list[int]:
        """List the dilation rates, or the numbers, of all scales, rising."""
        scales = range(state.sizes.shape[1])
        return sorted(self.recorder.facts.dilations or scales)

    def _notes(self, state: ScaleState) -> list[str]:
        notes = [
            f'{int(state.images)} images were seen at half and double '
            f'size, one in {self.interval}; confident: probability of at '
            f'least {self.confidence}'
        ]
        if state.sizes.shape[1] == 1:
            notes.append('the model has one scale: nothing can move')
        elif not state.sizes.any():
            notes.append('no sizes of objects: there is no ground truth')
        return notes


def _rank_of_scale(reading: ImageReading) -> Tensor:
    """Rank every scale by its dilation rate (S,)."""
    rates = torch.tensor(reading.facts.dilations or range(reading.num_scales))
    rank = rates.argsort(stable=True).argsort()
    return rank.to(reading.scales.device)


def _by_size(
    reading: ImageReading, scales: Tensor, predicted: Tensor
) -> Tensor:
    """Count correctly predicted cells by object size and scale."""
    if reading.label_map is None:
        none = torch.zeros(0)
        return sort_by_size(none, none.long(), reading.num_scales)
    classes = len(reading.class_weights)
    sizes = object_sizes(reading.label_map, classes).to(scales.device)
    at_cells = reading.at_cells(sizes)  # H,W
    right = (reading.labels == predicted) & (at_cells > 0)
    top = top_concepts(
        reading.activations.flatten(1),
        reading.class_weights,
        predicted.flatten(),
    )
    found = scales.flatten(1).gather(0, top.clamp(min=0)[None])[0]  # n
    chosen = right.flatten() & (top >= 0)
    return sort_by_size(
        at_cells.flatten()[chosen], found[chosen], reading.num_scales
    )


def _histogram(state: ScaleState, rates: list[int]) -> dict:
    """List the cells by object size, for each scale."""
    lines = {
        f'rate {rate}': counts.tolist()
        for rate, counts in zip(rates, state.sizes.T)
    }
    return dict(
        labels=size_labels(),
        counts=lines,
        x_label='size of the object in pixels',
    )


def _curve(state: ScaleState, rates: list[int]) -> dict[str, dict]:
    """Average the dilation rate by object size."""
    values = torch.tensor(rates, dtype=torch.float64)
    counts = state.sizes.double()  # B,S
    known = counts.sum(dim=1) > 0
    mean = (counts @ values)[known] / counts.sum(dim=1)[known]
    return dict(
        dilation_by_object_size=dict(
            x=known.nonzero()[:, 0].tolist(),
            y=mean.tolist(),
            x_label='octave of the size of the object (0: below 8 pixels)',
            y_label='mean dilation rate',
        )
    )
