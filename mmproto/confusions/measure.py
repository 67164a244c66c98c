"""One pass over a data set that counts its confusions."""

import sys
from functools import partial
from typing import Any

import numpy as np
from mmengine.utils import track_iter_progress
from torch.utils.data import DataLoader

from mmproto.explanations.evidence import EvidenceMaps
from mmproto.models.facts import ModelFacts

from .counts import Confusions

AT_ONCE = 16  # concepts at full image size, besides all those of a band


def measure_confusions(facts: ModelFacts, loader: DataLoader) -> Confusions:
    """Count confusions and the concepts behind them.

    The network sees the images one by one, prepared by the model's test
    pipeline; the loader gives their labels.

    Args:
        facts: The model, built with the config from :func:`use_split`.
        loader: Data loader of the same split.

    Raises:
        ValueError: If the model has a single class, or if images or labels
            are missing or do not fit.
    """
    head = facts.head
    if head.num_classes < 2:
        raise ValueError(
            'a model of one class confuses nothing; give one of two or more'
        )
    found = Confusions(head.class_weights.detach().cpu().numpy())
    steps = track_iter_progress((loader, len(loader)), file=sys.stderr)
    for batch in steps:
        for sample in batch['data_samples']:
            _add_image(found, facts, sample, head.ignore_index)
    if not found.images:
        raise ValueError('no confusion can be counted: the data is empty')
    return found


def _add_image(
    found: Confusions, facts: ModelFacts, sample: Any, ignore_index: int
) -> None:
    image = sample.metainfo.get('img_path')
    if image is None:
        raise ValueError(
            'a sample has no img_path, so a confusion could not be traced '
            "back to its image; add 'img_path' to the meta_keys of "
            'PackSegInputs'
        )
    if 'gt_sem_seg' not in sample:
        raise ValueError(
            f'confusions need labels, but {image} has none; add '
            'LoadAnnotations to the pipeline, or choose a labelled split'
        )
    labels = sample.gt_sem_seg.data[0].numpy().astype(np.int64)  # h,w
    maps = EvidenceMaps(facts, image)
    if labels.shape != maps.size:
        raise ValueError(
            f'the labels of {image} have {labels.shape} pixels, the image '
            f'{maps.size}; in the pipeline, LoadAnnotations has to come after '
            'what resizes or crops'
        )
    classes = len(maps.logits)
    counts = (labels >= 0) & (labels < classes) & (labels != ignore_index)
    known = np.flatnonzero(counts)
    found.add(
        image,
        maps.size,
        known,
        labels.ravel()[known],
        maps.logits.flatten(1).numpy(),
        partial(_activations, maps, found.concepts),
    )


def _activations(
    maps: EvidenceMaps, concepts: list[int], pixels: np.ndarray
) -> np.ndarray:
    """Return the activations (U,m) of some concepts at some pixels."""
    activations = np.empty((len(concepts), len(pixels)), np.float32)
    for start in range(0, len(concepts), AT_ONCE):
        part = concepts[start : start + AT_ONCE]
        full = maps.activations(part).flatten(1).numpy()  # part,h*w
        activations[start : start + len(part)] = full[:, pixels]
    return activations
