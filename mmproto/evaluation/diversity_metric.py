"""Whether the concepts of a model differ from each other."""

from dataclasses import dataclass, field
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
from .functional.states import KEPT
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


@dataclass(frozen=True)
class DiversityState:
    """Sums of overlaps, and facts of the model.

    Args:
        overlaps: Overlaps of all images.
        labelled: Number of images with ground truth.
        prototypes: Prototype vectors (P,D), if the layer has any.
        prototypes_per_concept: Prototype p belongs to concept ``p // M``.
        class_names: Names of the classes.
    """

    overlaps: Overlaps
    labelled: int
    prototypes: Tensor | None = field(metadata=KEPT)
    prototypes_per_concept: int = field(metadata=KEPT)
    class_names: list[str] = field(metadata=KEPT)


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

    def measure(self, reading: ImageReading) -> DiversityState:
        """Compare the maps of one image."""
        labels, weights = reading.label_map, reading.class_weights
        shown = torch.zeros(len(weights), dtype=torch.bool)
        if labels is not None:
            counts = labels.flatten().bincount(minlength=len(weights))
            shown = counts[: len(weights)] > 0
        overlaps = measure_overlaps(
            reading.activations, weights, shown, self.dead_threshold
        )
        vectors = reading.prototypes
        return DiversityState(
            overlaps,
            int(shown.any()),
            None if vectors is None else vectors.detach().cpu(),
            reading.prototypes_per_concept,
            reading.class_names,
        )

    def summarize(self, state: DiversityState) -> Report:
        """Compute overlaps, and find dead concepts and duplicates."""
        sums = state.overlaps
        overlap = map_overlap(sums.shared)
        cosines = None
        if state.prototypes is not None:
            cosines = prototype_cosines(state.prototypes)
        mean_cosine, max_cosine = off_diagonal(cosines)
        duplicates = find_duplicates(
            overlap,
            None
            if cosines is None
            else concept_cosines(cosines, state.prototypes_per_concept),
        )
        health = compute_health(sums.usage, duplicates)
        scalars = dict(
            scaleprotoseg_overlap=_total(sums.published),
            overlap=_total(sums.corrected),
            max_overlap=off_diagonal(overlap)[1],
            mean_cosine=mean_cosine,
            max_cosine=max_cosine,
            dead=float(len(health.dead)),
            duplicates=float(len(duplicates)),
            effective_number=health.effective_number,
        )
        return make_report(
            scalars,
            per_concept=_per_concept(sums.usage, health, overlap),
            histograms=dict(
                scaleprotoseg_overlap=_bars(sums.published, state),
                overlap=_bars(sums.corrected, state),
            ),
            notes=_notes(state, duplicates, health.dead),
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


def _bars(sums: Tensor, state: DiversityState) -> dict:
    """Divide the sums (C,2) of each class that has pairs."""
    known = (sums[:, 1] > 0).nonzero()[:, 0].tolist()
    return dict(
        labels=[state.class_names[c] for c in known],
        counts=intersection_over_union(sums[known]).tolist(),
        x_label='class',
    )


def _notes(
    state: DiversityState, duplicates: list[tuple[int, int]], dead: list[int]
) -> list[str]:
    notes = []
    if not state.labelled:
        notes.append(NO_LABELS)
    elif _total(state.overlaps.corrected) is None:
        notes.append(NO_PAIRS)
    if state.prototypes is None:
        notes.append(NO_VECTORS)
    if duplicates:
        pairs = ', '.join(f'{a} and {b}' for a, b in duplicates)
        notes.append(f'duplicate concepts: {pairs}')
    if dead:
        notes.append(f'dead concepts: {", ".join(map(str, dead))}')
    return notes
