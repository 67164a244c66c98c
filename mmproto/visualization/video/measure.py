"""First pass over a sequence: numbers of every frame, predictions on disk."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor

from mmproto.evidence import EvidenceMaps
from mmproto.explain import check_point
from mmproto.features import SECONDS_BETWEEN_LOGS
from mmproto.models.utils import get_prototype_head

from .frames import Frames
from .measurement import Measurement
from .shares import Region, evidence_shares, take

Item = TypeVar('Item')


def measure(
    model: Any,
    frames: Frames,
    folder: str | Path,
    point: tuple[int, int] | None = None,
) -> Measurement:
    """Run the network once on every frame.

    Args:
        model: From ``mmseg.apis.init_model``, with a ``PrototypeHead``.
        frames: The sequence.
        folder: Gets the predicted classes, read by :func:`read_prediction`.
        point: Column and row of the only pixel to explain; all by default.

    Returns:
        The numbers of all frames.

    Raises:
        ValueError: If the model has no prototype head, a frame cannot be
            read or the point lies outside.
    """
    head = get_prototype_head(model)
    rows: list[tuple[Tensor, ...]] = []
    size = (0, 0)
    for index, frame in progress(frames, 'Measuring', len(frames)):
        size = frame.shape[:2]
        if point is not None:
            check_point(point, frame)
        maps = EvidenceMaps(model, frame)
        prediction = maps.logits.max(dim=0).indices  # h,w
        write_prediction(prediction.numpy(), folder, index)
        counts = prediction.flatten().bincount(minlength=head.num_classes)
        region = _region(point)
        shares = evidence_shares(maps, head.class_weights, region)
        # one pixel of evidence: a view would keep all of them
        evidence = take(maps.logits, region)[:, 0].clone()
        rows.append((counts.double() / counts.sum(), shares, evidence))
    class_shares, concept_shares, evidence = map(torch.stack, zip(*rows))
    decided = point is not None
    return Measurement(
        fps=frames.fps,
        size=size,
        point=point,
        class_shares=class_shares.numpy(),
        concept_shares=concept_shares.numpy(),
        evidence=evidence.double().numpy() if decided else None,
        probabilities=_probabilities(head, evidence) if decided else None,
    )


def _region(point: tuple[int, int] | None) -> Region:
    """Rows and columns of the pixels that are explained."""
    if point is None:
        return slice(None), slice(None)
    x, y = point
    return slice(y, y + 1), slice(x, x + 1)


def _probabilities(head: Any, evidence: Tensor) -> np.ndarray:
    """Class probabilities (T,C) of evidence (T,C)."""
    with torch.no_grad():
        maps = head.probabilities(evidence[:, :, None, None])
    return maps.flatten(1).double().numpy()


def write_prediction(
    prediction: np.ndarray, folder: str | Path, index: int
) -> None:
    """Keep the predicted classes (h,w) of a frame, without any loss."""
    # two bytes: there are data sets of more than 256 classes
    path = str(Path(folder, f'{index}.png'))
    if not cv2.imwrite(path, prediction.astype(np.uint16)):
        raise OSError(
            f'a prediction cannot be written to {folder}: is the disk of the '
            'temporary folder full? TMPDIR chooses another one'
        )


def read_prediction(folder: str | Path, index: int) -> np.ndarray:
    """Predicted classes (h,w) of a frame."""
    path = str(Path(folder, f'{index}.png'))
    return np.asarray(cv2.imread(path, cv2.IMREAD_UNCHANGED))


def progress(
    items: Iterable[Item], title: str, total: int
) -> Iterator[tuple[int, Item]]:
    """Enumerate frames, and log every ten seconds how far it got."""
    last_log = time.monotonic()
    for index, item in enumerate(items):
        yield index, item
        if time.monotonic() - last_log > SECONDS_BETWEEN_LOGS:
            of = f' of {total}' if total else ''
            print_log(f'{title}: frame {index + 1}{of}', logger='current')
            last_log = time.monotonic()
