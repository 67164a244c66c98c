"""Compare two models on the same images."""

from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.utils import ProgressBar
from mmseg.apis import init_model
from mmseg.evaluation import IoUMetric
from torch import Tensor
from torch.utils.data import DataLoader

from mmproto.models.facts import ModelFacts
from mmproto.models.metainfo import VOID
from mmproto.prototypes.features import evaluating


@dataclass(frozen=True)
class ModelComparison:
    """What two models predict for some images.

    Args:
        classes: Names of the ``C`` classes.
        pixels: Number of pixels (C,C), void ones too, by class of the first
            model (rows) and of the second (columns).
        ious: IoU (2,C) of each model in percent, by mmseg; NaN for classes
            that occur neither in its predictions nor in the labels.
        images: Share of pixels with the same prediction, by image.
    """

    classes: list[str]
    pixels: Tensor
    ious: Tensor
    images: dict[str, float]

    @property
    def agreement(self) -> float:
        """Share of all pixels with the same prediction."""
        return float(self.pixels.trace() / self.pixels.sum())

    @property
    def labelled(self) -> bool:
        """Whether there were labels to measure the IoU with."""
        return not bool(self.ious.isnan().all())

    @property
    def commonest(self) -> float:
        """Agreement with a model that always says one class, at best."""
        return float(self.pixels.sum(dim=1).max() / self.pixels.sum())

    def class_agreement(self) -> dict[str, float | None]:
        """Share of the first model's pixels of a class that keep it.

        Returns:
            By name of the class; ``None`` if the first model never says it.
        """
        said = self.pixels.sum(dim=1)
        kept = self.pixels.diagonal()
        return {
            name: float(k / n) if n else None
            for name, k, n in zip(self.classes, kept, said)
        }

    def differences(self, most: int) -> list[tuple[str, str, float]]:
        """List pairs of classes in dispute, by their share of all pixels.

        Args:
            most: How many pairs.

        Returns:
            Class of the first and of the second model, and the share.
        """
        dispute = self.pixels.clone().fill_diagonal_(0)
        counts, places = dispute.flatten().sort(descending=True, stable=True)
        names, size = self.classes, len(self.classes)
        return [
            (names[p // size], names[p % size], float(n / self.pixels.sum()))
            for n, p in zip(counts[:most], places.tolist())
            if n
        ]


def build_test_loader(cfg: Config) -> DataLoader:
    """Build the loader of a config's test data.

    Args:
        cfg: Config of a training.

    Raises:
        FileNotFoundError: If the data is missing.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    return Runner.build_dataloader(cfg.test_dataloader)


def compare_checkpoints(
    cfg: Config,
    checkpoints: tuple[str | Path, str | Path],
    loader: Iterable,
    device: str = 'cpu',
) -> ModelComparison:
    """Compare two checkpoints of a config on the same images.

    Args:
        cfg: Config of both, with a ``PrototypeHead``.
        checkpoints: First and second checkpoint.
        loader: Test data, such as from :func:`build_test_loader`.
        device: Where to compute.

    Raises:
        ValueError: If there is no image.
    """
    models = [init_model(cfg, str(path), device) for path in checkpoints]
    facts = ModelFacts.of(models[0])
    return compare_models(
        models, loader, facts.classes, facts.head.ignore_index
    )


def compare_models(
    models: Sequence[Any],
    loader: Iterable,
    classes: Sequence[str],
    ignore_index: int = VOID,
) -> ModelComparison:
    """Compare two models on the same images.

    Args:
        models: First and second segmentor.
        loader: Yields ``dict(inputs=[...], data_samples=[...])``; samples
            without ``gt_sem_seg`` count for the agreement alone.
        classes: Names of the ``C`` classes.
        ignore_index: Label that is left out of the IoU.

    Raises:
        ValueError: If there is no image.
    """
    size = len(classes)
    pixels = torch.zeros(size, size, dtype=torch.float64)
    areas = torch.zeros(2, 2, size, dtype=torch.float64)
    images: dict[str, float] = {}
    bar = ProgressBar(len(loader)) if isinstance(loader, Sized) else None
    for batch in loader:
        maps = [_predict(model, batch) for model in models]
        for *both, sample in zip(*maps, batch['data_samples']):
            first, second = both
            pairs = (first * size + second).flatten()
            pixels += pairs.bincount(minlength=size**2).view(size, size)
            share = float((first == second).double().mean())
            images[sample.metainfo.get('img_path', str(len(images)))] = share
            if 'gt_sem_seg' not in sample:
                continue
            label = sample.gt_sem_seg.data[0].cpu()
            for area, predicted in zip(areas, both):
                intersection, union, *_ = IoUMetric.intersect_and_union(
                    predicted, label, size, ignore_index
                )
                area += torch.stack([intersection, union])
        if bar:
            bar.update()
    if bar:
        bar.file.write('\n')
    if not images:
        raise ValueError('nothing can be compared: the test data is empty')
    ious = 100 * areas[:, 0] / areas[:, 1]
    return ModelComparison(list(classes), pixels, ious, images)


def _predict(model: Any, batch: dict) -> list[Tensor]:
    """Predict the classes (h,w) of every image, on the CPU."""
    with evaluating(model):
        samples = model.test_step(batch)
    return [sample.pred_sem_seg.data[0].cpu().long() for sample in samples]
