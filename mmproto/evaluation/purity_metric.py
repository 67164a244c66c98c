"""Whether the strongest patches of a concept show the same thing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from mmproto.models.metainfo import VOID
from mmproto.registry import METRICS

from .base import Report, known_values, make_report
from .functional.patch_parts import (
    cell_centres,
    largest_part,
    part_points,
    parts_hit,
)
from .functional.purity import (
    PART_RELATED,
    averages,
    best_places,
    count_values,
    merge_patches,
    part_purity,
    purities,
)
from .functional.states import KEPT
from .part_metric import NO_PARTS, PartMetric
from .reading import ImageReading

NO_LABELS = 'no ground truth: class purity and entropy are missing'
NO_PART_FILES = 'no image has a file of part labels: part purity is missing'
BINS = 10  # of the histogram over concepts


@dataclass(frozen=True)
class PurityState:
    """The strongest patches so far, and what the images show.

    Args:
        patches: ``score``, ``image``, ``label``, ``part`` and ``centre``
            (K,j); ``visible`` and ``hits`` (K,j,L+1). See
            :meth:`PurityMetric.measure`.
        cells: Cells of each class (C,), int64.
        pixels: Pixels of each part (L+1,), int64; the first of no part.
    """

    patches: dict[str, Tensor] = field(metadata=KEPT)  # joined by the metric
    cells: Tensor
    pixels: Tensor


@METRICS.register_module()
class PurityMetric(PartMetric):
    """Purity of the strongest patches: of their parts, and of their classes.

    Each image gives at most one patch, around the centre of the cell where a
    concept is strongest, if its activation shows it to be present. Concepts
    that no image shows are counted, but enter no average.

    Args:
        topk: Number of patches per concept.
        patch_size: Side of a patch, in pixels of the image file.
        dead_threshold: Activation that shows a concept to be present.
        **kwargs: Passed to :class:`PartMetric`.

    Raises:
        ValueError: If a number is below 1.
    """

    default_prefix = 'purity'

    def __init__(
        self,
        topk: int = 10,
        patch_size: int = 32,
        dead_threshold: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (('topk', topk), ('patch_size', patch_size)):
            if value < 1:
                raise ValueError(f'{name} must be at least 1, got {value}')
        self.topk = topk
        self.patch_size = patch_size
        self.dead_threshold = dead_threshold

    def measure(self, reading: ImageReading) -> PurityState:
        """Look under the best place of every concept that one image shows.

        A patch has the label at its centre, 255 if void; the part at its
        centre and the part of most of its labelled pixels, -1 if the image
        has no part labels; the parts that the image shows, and those whose
        point lies in the patch. All are unknown if the concept is absent.
        """
        score, cells = best_places(reading.activations)
        shown = score > self.dead_threshold
        patches = dict(
            score=score,
            image=torch.full_like(cells, reading.index),
            label=reading.labels.flatten()[cells].masked_fill(~shown, VOID),
        )
        under, pixels = self._parts(reading, cells, shown)
        num_classes = len(reading.class_weights)
        return PurityState(
            {n: v[:, None].cpu() for n, v in (patches | under).items()},
            count_values(reading.labels.cpu().view(1, -1), num_classes)[0],
            pixels.cpu(),
        )

    def merge(self, first: PurityState, second: PurityState) -> PurityState:
        """Keep the strongest patches of both."""
        patches = merge_patches(first.patches, second.patches, self.topk)
        return replace(super().merge(first, second), patches=patches)

    def summarize(self, state: PurityState) -> Report:
        """Compute the purity of every concept and its spread."""
        patches, num_parts = state.patches, len(self._part_names) - 1
        facts = self.recorder.facts
        number = (patches['score'] > self.dead_threshold).sum(dim=1)
        active = number > 0
        labels = count_values(patches['label'], len(facts.classes))
        values = purities(patches, labels, num_parts)
        used = (facts.head.class_weights > 0).any(dim=0).cpu()
        scalars = averages(values, active, used)
        related = values['pipnet_part_purity'][active] > PART_RELATED
        scalars |= dict(
            pipnet_part_related=None
            if scalars['pipnet_part_purity'] is None
            else float(related.sum()),
            class_chance=_chance(state.cells),
            part_chance=_chance(state.pixels[1:]),
            inactive=float((~active).sum()),
            few_patches=float((active & (number < self.topk)).sum()),
        )
        per_concept: dict[str, list] = {
            n: known_values(v, active & ~v.isnan()) for n, v in values.items()
        }
        parts = part_purity(patches['part'], num_parts)[1]
        classes = labels.argmax(dim=1).masked_fill(~labels.any(dim=1), -1)
        per_concept |= {
            'class': known_values(
                [facts.classes[c] for c in classes.tolist()],
                active & (classes >= 0),
            ),
            'part': known_values(
                [self._part_names[p] for p in parts.tolist()],
                active & (parts >= 0),
            ),
            'patches': number.tolist(),
            'largest_activation': patches['score'][:, 0].tolist(),
        }
        return make_report(
            scalars,
            per_concept,
            histograms=dict(purity=_histogram(per_concept)),
            notes=self._notes(state),
        )

    @property
    def _part_names(self) -> Sequence[str]:
        """Names of the parts; the first stands for no part."""
        return self.part_loader.part_names if self.part_loader else ('none',)

    def _parts(
        self, reading: ImageReading, cells: Tensor, shown: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Find the parts under the patches shown, and count their pixels."""
        loader, num_parts = self.part_loader, len(self._part_names) - 1
        labels = reading.parts(loader) if loader else None
        unknown = torch.full_like(cells, -1)
        none = unknown.new_zeros(len(cells), num_parts + 1, dtype=torch.bool)
        under = dict(
            part=unknown,
            centre=unknown.clone(),
            visible=none,
            hits=none.clone(),
        )
        if labels is None:
            return under, torch.zeros(num_parts + 1, dtype=torch.int64)
        parts = labels.parts
        pixels = parts.flatten().bincount(minlength=num_parts + 1)
        rows, columns = _centres(reading, cells[shown])
        points, kinds = part_points(parts, labels.instances, num_parts)
        size = self.patch_size
        low = torch.stack([rows, columns], dim=1) - size // 2
        under['part'][shown] = largest_part(
            parts, rows, columns, size, num_parts
        )
        under['centre'][shown] = parts[rows, columns]
        under['visible'][shown, 1:] = pixels[1:] > 0
        under['hits'][shown] = parts_hit(
            points, kinds, low, low + size, num_parts
        )
        return under, pixels

    def _notes(self, state: PurityState) -> list[str]:
        notes = []
        if not state.cells.any():
            notes.append(NO_LABELS)
        if self.part_loader is None:
            notes.append(NO_PARTS)
        elif not state.pixels.any():
            notes.append(NO_PART_FILES)
        return notes


def _centres(reading: ImageReading, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Find the pixels (n,), rows and columns, in the middle of cells (n,)."""
    rows, columns = reading.activations.shape[1:]
    cell_rows, cell_columns = reading.cell_grid
    return (
        cell_centres(cell_rows, rows)[cells // columns],
        cell_centres(cell_columns, columns)[cells % columns],
    )


def _chance(counts: Tensor) -> float | None:
    """Return the share of the most frequent value; ``None`` without any."""
    return float(counts.max() / counts.sum()) if counts.any() else None


def _histogram(per_concept: Mapping[str, list]) -> dict:
    """Count concepts by purity."""
    counts = {}
    for name in ('class_purity', 'part_purity', 'pipnet_part_purity'):
        known = [v for v in per_concept[name] if v is not None]
        found = torch.histc(torch.tensor(known), BINS, 0, 1)
        counts[name] = found.long().tolist()
    edges = [i / BINS for i in range(BINS + 1)]
    return dict(edges=edges, counts=counts, x_label='purity of a concept')
