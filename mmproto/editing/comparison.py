"""Compare a model with its edited version on a data set."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.apis import init_model
from mmseg.evaluation import IoUMetric
from prettytable import PrettyTable
from torch import Tensor
from torch.utils.data import DataLoader

from mmproto.models.facts import ModelFacts
from mmproto.prototypes.features import evaluating

from .words import printable


@dataclass(frozen=True)
class Comparison:
    """Accuracy of two models, and how much they differ.

    Args:
        classes: Names of the classes.
        before: IoU (C,) of the first model in percent, NaN for classes that
            occur neither in its predictions nor in the labels.
        after: IoU (C,) of the second model.
        changed: Share of all pixels, including void, whose class differs.
    """

    classes: list[str]
    before: Tensor
    after: Tensor
    changed: float

    def table(self) -> str:
        """Write a table of the classes, their mean, and changed pixels."""
        table = PrettyTable(['class', 'before', 'after', 'change'], align='r')
        table.align['class'] = 'l'
        for name, *ious in zip(self.classes, self.before, self.after):
            table.add_row([printable(name), *_numbers(*ious)])
        table.add_divider()
        means = self.before.nanmean(), self.after.nanmean()
        table.add_row(['mIoU', *_numbers(*means)])
        return f'{table}\nchanged pixels: {self.changed:.4%}'


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
) -> Comparison:
    """Compare two checkpoints of a config on the same images.

    Args:
        cfg: Config of both.
        checkpoints: First and second checkpoint.
        loader: Test data, such as from :func:`build_test_loader`.
        device: Where to compute.
    """
    models = [init_model(cfg, str(path), device) for path in checkpoints]
    return compare_models(models, loader)


def compare_models(models: list[Any], loader: Iterable) -> Comparison:
    """Compare two models on the same images.

    Args:
        models: First and second segmentor.
        loader: Yields ``dict(inputs=[...], data_samples=[...])``.

    Raises:
        ValueError: If the loader is empty or its images have no labels.
    """
    facts = ModelFacts.of(models[0])
    head = facts.head
    areas = torch.zeros(2, 2, head.num_classes, dtype=torch.float64)
    changed = pixels = 0
    for batch in loader:
        maps = [_predict(model, batch) for model in models]
        for first, second, sample in zip(*maps, batch['data_samples']):
            changed += int((first != second).sum())
            pixels += first.numel()
            if 'gt_sem_seg' not in sample:
                raise ValueError(
                    'the accuracy cannot be compared: the test data has no '
                    'labels; add LoadAnnotations to its pipeline'
                )
            label = sample.gt_sem_seg.data[0].cpu()
            for area, predicted in zip(areas, (first, second)):
                intersection, union, *_ = IoUMetric.intersect_and_union(
                    predicted, label, head.num_classes, head.ignore_index
                )
                area += torch.stack([intersection, union])
    if not pixels:
        raise ValueError('nothing can be compared: the test data is empty')
    before, after = 100 * areas[:, 0] / areas[:, 1]
    return Comparison(facts.classes, before, after, changed / pixels)


def _predict(model: Any, batch: dict) -> list[Tensor]:
    """Predict the classes (h,w) of every image, on the CPU."""
    with evaluating(model):
        samples = model.test_step(batch)
    return [sample.pred_sem_seg.data[0].cpu() for sample in samples]


def _numbers(before: Tensor, after: Tensor) -> tuple[str, str, str]:
    if before.isnan() and after.isnan():
        return '-', '-', '-'
    return f'{before:.2f}', f'{after:.2f}', f'{after - before:+.2f}'
