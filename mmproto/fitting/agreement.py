"""How far a concept model and its black box say the same, pixel by pixel."""

from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.utils import ProgressBar
from torch import Tensor

from mmproto.models.metainfo import VOID
from mmproto.prototypes.features import evaluating

MOST_DIFFERENT = 5  # pairs of classes, and images, that a report names


@dataclass(frozen=True)
class ModelComparison:
    """Predictions of both models on some images.

    Args:
        classes: Names of the ``C`` classes.
        pixels: Number of pixels (C,C) by class of the black box (rows) and
            of the concept model (columns).
        black_box: Number of pixels (C,C) by label (rows) and prediction of
            the black box (columns).
        concepts: The same of the concept model.
        images: Share of pixels with the same prediction, by image.
    """

    classes: list[str]
    pixels: Tensor
    black_box: Tensor
    concepts: Tensor
    images: dict[str, float]

    @property
    def agreement(self) -> float:
        """Share of all pixels for which both models say the same class."""
        return float(self.pixels.trace() / self.pixels.sum())

    def class_agreement(self) -> dict[str, float | None]:
        """Share of the black box's pixels of a class that keep it.

        Returns:
            By name of the class; ``None`` if the black box never says it.
        """
        said = self.pixels.sum(dim=1)
        kept = self.pixels.diagonal()
        return {
            name: float(k / n) if n else None
            for name, k, n in zip(self.classes, kept, said)
        }

    def largest_differences(self) -> list[dict]:
        """Name the pairs of classes with the most pixels in dispute."""
        dispute = self.pixels.clone().fill_diagonal_(0)
        counts, places = dispute.flatten().sort(descending=True, stable=True)
        found = [
            dict(
                black_box=self.classes[place // len(self.classes)],
                concepts=self.classes[place % len(self.classes)],
                share=float(count / self.pixels.sum()),
            )
            for count, place in zip(counts, places.tolist())
            if count
        ]
        return found[:MOST_DIFFERENT]

    def least_agreeing_images(self) -> dict[str, float]:
        """Return the images with the least agreement, least first."""
        ordered = sorted(self.images.items(), key=lambda item: item[1])
        return dict(ordered[:MOST_DIFFERENT])


def mean_iou(counts: Tensor) -> float | None:
    """Average the intersection over union of the classes that occur.

    Args:
        counts: Pixels (C,C) by label and prediction.

    Returns:
        In percent; ``None`` without labels.
    """
    found = [value for value in class_ious(counts) if value is not None]
    return sum(found) / len(found) if counts.sum() else None


def class_ious(counts: Tensor) -> list[float | None]:
    """Return the IoU of each class in percent; ``None`` if it is nowhere."""
    hits = counts.diagonal()
    union = counts.sum(dim=0) + counts.sum(dim=1) - hits
    return [float(100 * h / u) if u else None for h, u in zip(hits, union)]


def measure_agreement(
    black_box: Any, concepts: Any, loader: Iterable, classes: Sequence[str]
) -> ModelComparison:
    """Predict the same images with both models, and count pixels.

    Args:
        black_box: The segmentor that is explained.
        concepts: The concept model.
        loader: Yields ``dict(inputs=[...], data_samples=[...])``; samples
            without ``gt_sem_seg`` count for the agreement alone.
        classes: Names of the ``C`` classes.

    Raises:
        ValueError: If there is no image.
    """
    size = len(classes)
    pixels, of_box, of_concepts = (
        torch.zeros(size, size, dtype=torch.float64) for _ in range(3)
    )
    images: dict[str, float] = {}
    bar = ProgressBar(len(loader)) if isinstance(loader, Sized) else None
    with evaluating(black_box), evaluating(concepts):
        for batch in loader:
            # at once: the other model writes into the same samples
            box = [_prediction(s) for s in black_box.test_step(batch)]
            for said, own in zip(box, concepts.test_step(batch)):
                answer = _prediction(own)
                pixels += _count(said, answer, size)
                if 'gt_sem_seg' in own:
                    labels = own.gt_sem_seg.data.flatten().cpu().long()
                    of_box += _count(labels, said, size)
                    of_concepts += _count(labels, answer, size)
                share = float((said == answer).double().mean())
                images[own.metainfo.get('img_path', str(len(images)))] = share
            if bar:
                bar.update()
    if bar:
        bar.file.write('\n')
    if not images:
        raise ValueError(
            'there is no image to compare the models on; give the config a '
            'val_dataloader with images'
        )
    return ModelComparison(list(classes), pixels, of_box, of_concepts, images)


def _prediction(sample: Any) -> Tensor:
    return sample.pred_sem_seg.data.flatten().cpu().long()


def _count(rows: Tensor, columns: Tensor, size: int) -> Tensor:
    """Count pairs of classes (C,C); void pixels in neither."""
    valid = (rows < size) & (rows != VOID)
    pairs = rows[valid] * size + columns[valid]
    return pairs.bincount(minlength=size * size).view(size, size).double()
