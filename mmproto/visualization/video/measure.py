"""First pass over a sequence: numbers of every frame, predictions on disk."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from mmengine.logging import print_log

from mmproto.explanations.evidence import EvidenceMaps
from mmproto.explanations.points import check_point
from mmproto.models.facts import ModelFacts
from mmproto.prototypes.features import SECONDS_BETWEEN_LOGS

from .frames import Frames
from .layout import picture_size
from .measurement import FrameNumbers, Measurement
from .shares import Region, evidence_shares, take

Item = TypeVar('Item')


def measure(
    facts: ModelFacts,
    frames: Frames,
    folder: str | Path,
    point: tuple[int, int] | None = None,
) -> Measurement:
    """Run the network once on every frame.

    Args:
        facts: Of the model.
        frames: The sequence.
        folder: Gets the numbers, and the predicted classes for
            :func:`read_prediction`. Memory does not grow with the sequence.
        point: Column and row of the only pixel to explain; all by default.

    Returns:
        The numbers of all frames.

    Raises:
        ValueError: If a frame cannot be read or the point lies outside.
    """
    found = Measurement(Path(folder, 'numbers'), frames.fps, point)
    for index, (begin, frame) in progress(frames, 'Measuring', len(frames)):
        found.size = frame.shape[:2]
        if point is not None:
            check_point(point, frame)
        numbers, prediction = measure_frame(facts, begin, frame, point)
        found.append(numbers)
        write_prediction(prediction, folder, index)
    return found


def measure_frame(
    facts: ModelFacts,
    begin: float,
    frame: np.ndarray,
    point: tuple[int, int] | None,
) -> tuple[FrameNumbers, np.ndarray]:
    """Numbers and predicted classes (h,w) of a frame.

    Args:
        facts: Of the model.
        begin: Second at which it begins.
        frame: BGR pixels (h,w,3).
        point: Column and row of the only pixel to explain.
    """
    head = facts.head
    maps = EvidenceMaps(facts, frame)
    prediction = maps.logits.max(dim=0).indices  # h,w
    counts = prediction.flatten().bincount(minlength=head.num_classes)
    region = _region(point)
    shares = evidence_shares(maps, head.class_weights, region)
    numbers = FrameNumbers(
        begin, (counts.double() / counts.sum()).numpy(), shares.numpy()
    )
    if point is not None:
        evidence = take(maps.logits, region)[:, 0]  # C
        with torch.no_grad():
            link = head.probabilities(evidence[None, :, None, None])
        numbers = replace(
            numbers,
            evidence=evidence.double().numpy(),
            probabilities=link.flatten().double().numpy(),
        )
    return numbers, prediction.numpy().astype(np.uint16)


def _region(point: tuple[int, int] | None) -> Region:
    """Rows and columns of the pixels that are explained."""
    if point is None:
        return slice(None), slice(None)
    x, y = point
    return slice(y, y + 1), slice(x, x + 1)


def write_prediction(
    prediction: np.ndarray, folder: str | Path, index: int
) -> None:
    """Keep the predicted classes (h,w) of a frame, as large as they are shown.

    An hour of large frames would fill a disk otherwise.

    Args:
        prediction: Of uint16: there are data sets of more than 256 classes.
        folder: Where to.
        index: Number of the frame.
    """
    rows, columns = prediction.shape
    height, width = picture_size((rows, columns))
    if height < rows:
        prediction = cv2.resize(
            prediction, (width, height), interpolation=cv2.INTER_NEAREST
        )
    path = str(Path(folder, f'{index}.png'))
    if not cv2.imwrite(path, prediction):
        raise OSError(
            f'a prediction cannot be written to {folder}: is the disk of the '
            'temporary folder full? TMPDIR chooses another one'
        )


def read_prediction(folder: str | Path, index: int) -> np.ndarray:
    """Predicted classes of a frame, at most as large as they are shown."""
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
            of = f' of {total}' if index < total else ''
            print_log(f'{title}: frame {index + 1}{of}', logger='current')
            last_log = time.monotonic()
