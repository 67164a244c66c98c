"""How many concepts a model uses, and how many one decision takes."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mmproto.registry import METRICS

from .base import ExplanationMetric, Report, make_report
from .functional.explanation_size import (
    LOCAL_SIZES,
    CellSizes,
    ImageSizes,
    image_sizes,
    mean_sizes,
    measure_cells,
    pipnet_global,
)
from .reading import ImageReading


@dataclass(frozen=True)
class SizeState:
    """Sums of local sizes.

    Args:
        cells: Sizes of cells.
        images: Sizes of whole images.
    """

    cells: CellSizes
    images: ImageSizes


@METRICS.register_module()
class ExplanationSizeMetric(ExplanationMetric):
    """Counts concepts: of the model, of every class, of every decision.

    A decision is that of one cell of the feature map. PIP-Net's numbers of
    whole images are reported as well, with fixed weights and one image at a
    time.

    Args:
        threshold: Contribution, in units of evidence, above which a concept
            counts.
        **kwargs: Passed to :class:`ExplanationMetric`.

    Raises:
        ValueError: If the threshold is negative.
    """

    default_prefix = 'size'

    def __init__(self, threshold: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if threshold < 0:
            raise ValueError(
                f'threshold must be at least 0, got {threshold}: contributions'
                ' are never negative'
            )
        self.threshold = threshold

    def measure(self, reading: ImageReading) -> SizeState:
        """Count the concepts of one image's cells."""
        activations = reading.activations.flatten(1)  # K,n
        weights = reading.class_weights
        predicted = reading.evidence.flatten(1).argmax(dim=0)  # n
        return SizeState(
            measure_cells(activations, weights, predicted, self.threshold),
            image_sizes(activations.amax(dim=1)[None], weights),
        )

    def summarize(self, state: SizeState) -> Report:
        """Compute means, in which abstaining cells count with no concept."""
        weights = self.recorder.facts.head.class_weights.detach().cpu()
        speaks = weights > 0  # C,K
        classes, concepts = speaks.sum(dim=0), speaks.sum(dim=1)
        cells, deciding = state.cells.counts[0].sum(), state.cells.deciding
        local = mean_sizes(state.cells).tolist()
        needed = state.cells.counts[LOCAL_SIZES.index('needed')]
        scalars: dict[str, float | None] = dict(
            global_size=float((classes > 0).sum()),
            global_size_deciding=float((deciding > 0).sum()),
            **{f'local_size_{n}': size for n, size in zip(LOCAL_SIZES, local)},
            abstained=float(needed[0] / needed.sum()),
            zero_weights=float((weights == 0).double().mean()),
            **_per_model(classes[classes > 0], concepts),
            **_per_image(state.images, weights),
        )
        return make_report(
            scalars,
            per_concept=dict(
                classes=classes.tolist(),
                deciding_share=(deciding / cells).tolist(),
            ),
            histograms=dict(
                local_size=_histogram(state.cells.counts),
                concepts_per_class=dict(
                    labels=self.recorder.facts.classes,
                    counts=concepts.tolist(),
                    x_label='class',
                ),
            ),
        )


def _per_model(classes: Tensor, concepts: Tensor) -> dict[str, float | None]:
    """Average the classes of used concepts, and the concepts of classes."""
    some = len(classes) > 0
    return dict(
        classes_per_concept=float(classes.double().mean()) if some else None,
        classes_per_concept_max=float(classes.max()) if some else None,
        concepts_per_class=float(concepts.double().mean()),
        concepts_per_class_min=float(concepts.min()),
        concepts_per_class_max=float(concepts.max()),
    )


def _per_image(images: ImageSizes, weights: Tensor) -> dict[str, float | None]:
    """Average the sizes of whole images; ``pipnet_`` marks published ones."""
    nonzero, sparsity = pipnet_global(weights)
    return dict(
        image_size=images.concepts / images.images,
        pipnet_num_nonzero_prototypes=float(nonzero),
        pipnet_sparsity_ratio=sparsity,
        pipnet_almost_sim_nonzeros=images.predicted / images.images,
        pipnet_almost_nonzeros=images.present / images.images,
        pipnet_local_size_all_classes=images.pairs / images.images,
        pipnet_abstained=float(images.abstained),
    )


def _histogram(counts: Tensor) -> dict:
    """List cells by number of concepts, up to the largest that appears."""
    length = int(counts.any(dim=0).nonzero().max()) + 1
    return dict(
        labels=[str(size) for size in range(length)],
        counts={
            name: row[:length].tolist()
            for name, row in zip(LOCAL_SIZES, counts)
        },
        x_label='concepts of a cell',
    )
