"""Whether the concepts of a model differ from each other."""

from typing import Any

import torch
from torch import Tensor

from mmproto.registry import METRICS

from .base import ExplanationMetric, Report, make_report
from .functional.concept_usage import (
    ConceptHealth,
    UsageSums,
    compute_health,
)
from .functional.diversity import (
    Overlaps,
    concept_cosines,
    find_duplicates,
    intersection_over_union,
    map_overlap,
    measure_overlaps,
    off_diagonal,
    prototype_cosines,
)
from .reading import ImageReading

NO_LABELS = (
    'no ground truth, so no class is known to be in an image: overlap within '
    'classes is missing'
)
NO_PAIRS = (
    'no class that an image shows has two concepts with an active region: '
    'overlap within classes is missing'
)
NO_VECTORS = (
    'prototypes have no vectors to compare: duplicates are found by their '
    'maps alone'
)


@METRICS.register_module()
class DiversityMetric(ExplanationMetric):
    """Overlap of concept maps, cosine of prototypes, dead and double concepts.

    Maps are compared cell by cell, not resized to the image.

    Args:
        dead_threshold: Activation that shows a concept to be present.
        **kwargs: Passed to :class:`ExplanationMetric`.
    """

    default_prefix = 'diversity'

    def __init__(self, dead_threshold: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dead_threshold = dead_threshold

    def measure(self, reading: ImageReading) -> Overlaps:
        """Compare the maps of one image."""
        labels, weights = reading.label_map, reading.class_weights
        shown = torch.zeros(len(weights), dtype=torch.bool)
        if labels is not None:
            counts = labels.flatten().bincount(minlength=len(weights))
            shown = counts[: len(weights)] > 0
        return measure_overlaps(
            reading.activations, weights, shown, self.dead_threshold
        )

    def summarize(self, state: Overlaps) -> Report:
        """Compute overlaps, and find dead concepts and duplicates."""
        overlap = map_overlap(state.shared)
        head, cosines = self.recorder.facts.head, None
        # a concept whose group mixes prototypes has no vectors of its own
        vectors = head.prototype_layer.vectors
        if head.concept_pooling is None and vectors is not None:
            cosines = prototype_cosines(vectors)
        mean_cosine, max_cosine = off_diagonal(cosines)
        duplicates = find_duplicates(
            overlap,
            None
            if cosines is None
            else concept_cosines(cosines, head.prototypes_per_concept),
        )
        health = compute_health(state.usage, duplicates)
        scalars = dict(
            scaleprotoseg_overlap=_total(state.published),
            overlap=_total(state.corrected),
            max_overlap=off_diagonal(overlap)[1],
            mean_cosine=mean_cosine,
            max_cosine=max_cosine,
            dead=float(len(health.dead)),
            duplicates=float(len(duplicates)),
            effective_number=health.effective_number,
        )
        return make_report(
            scalars,
            per_concept=_per_concept(state.usage, health, overlap),
            histograms=dict(
                scaleprotoseg_overlap=self._bars(state.published),
                overlap=self._bars(state.corrected),
            ),
            notes=_notes(state, cosines is not None, duplicates, health.dead),
        )

    def _bars(self, sums: Tensor) -> dict:
        """Divide the sums (C,2) of each class that has pairs."""
        known = (sums[:, 1] > 0).nonzero()[:, 0].tolist()
        return dict(
            labels=[self.recorder.facts.classes[c] for c in known],
            counts=intersection_over_union(sums[known]).tolist(),
            x_label='class',
        )


def _per_concept(
    usage: UsageSums, health: ConceptHealth, overlap: Tensor
) -> dict[str, list]:
    others = overlap - torch.diag(overlap.diagonal())
    return dict(
        mean_activation=health.mean_activation.tolist(),
        images_seen=usage.images_seen.tolist(),
        max_overlap=others.amax(dim=1).tolist(),
        overlaps_most_with=others.argmax(dim=1).tolist(),
    )


def _total(sums: Tensor) -> float | None:
    """Divide the sums (C,2) of all classes together."""
    ratio = intersection_over_union(sums.sum(dim=0))
    return None if ratio.isnan() else float(ratio)


def _notes(
    state: Overlaps,
    has_vectors: bool,
    duplicates: list[tuple[int, int]],
    dead: list[int],
) -> list[str]:
    notes = []
    if not state.labelled:
        notes.append(NO_LABELS)
    elif _total(state.corrected) is None:
        notes.append(NO_PAIRS)
    if not has_vectors:
        notes.append(NO_VECTORS)
    if duplicates:
        pairs = ', '.join(f'{a} and {b}' for a, b in duplicates)
        notes.append(f'duplicate concepts: {pairs}')
    if dead:
        notes.append(f'dead concepts: {", ".join(map(str, dead))}')
    return notes
