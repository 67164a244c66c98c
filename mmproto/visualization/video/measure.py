"""First pass over a sequence: measure and predict every frame."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor

from mmproto.explanations.evidence import CHANNELS_AT_ONCE, EvidenceMaps
from mmproto.explanations.points import check_point
from mmproto.models.facts import ModelFacts
from mmproto.prototypes.features import SECONDS_BETWEEN_LOGS

from .background import picture_size
from .frames import Frames
from .measurement import FrameNumbers, Measurement

Item = TypeVar('Item')
Region = tuple[slice, slice]


def measure_frames(
    facts: ModelFacts,
    frames: Frames,
    folder: str | Path,
    point: tuple[int, int] | None = None,
) -> Measurement:
    """Run the network once on every frame.

    Args:
        facts: Of the model.
        frames: The sequence.
        folder: For the numbers, and the predicted classes that
            :func:`read_prediction` reads. Memory does not grow with the
            sequence.
        point: Column and row of the only pixel to explain; all by default.

    Returns:
        The numbers of all frames.

    Raises:
        ValueError: If a frame cannot be read or the point lies outside.
    """
    found = Measurement(Path(folder, 'numbers'), frames.fps, point)
    for index, (begin, frame) in log_progress(
        frames, 'Measuring', len(frames)
    ):
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
    """Return the numbers and the predicted classes (h,w) of a frame.

    Args:
        facts: Of the model.
        begin: Second at which the frame begins.
        frame: BGR pixels (h,w,3).
        point: Column and row of the only pixel to explain; all by default.
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
    said = maps.black_box_prediction()
    if said is not None:
        agreement = float((said == prediction.numpy()).mean())
        numbers = replace(numbers, agreement=agreement)
    if point is not None:
        evidence = take(maps.logits, region)[:, 0]  # C
        with torch.no_grad():
            link = head.probabilities(evidence[None, :, None, None])
        numbers = replace(
            numbers,
            evidence=evidence.double().numpy(),
            probabilities=link.flatten().double().numpy(),
            black_box=None if said is None else int(said[region].item()),
        )
    return numbers, prediction.numpy().astype(np.uint16)


def evidence_shares(
    maps: EvidenceMaps, class_weights: Tensor, region: Region
) -> Tensor:
    """Return the share of the winning evidence that each concept makes up.

    At a pixel, the contribution of the concept to the predicted class over
    that of all concepts; then the mean over pixels. Negative contributions,
    of a signed classifier, count as zero. Pixels where nothing speaks for
    their class are left out.

    Args:
        maps: Of the frame.
        class_weights: In force (C,K).
        region: Rows and columns of the pixels that count.

    Returns:
        Shares (K,) in float64, which sum to 1; all are 0 where no pixel has
        evidence.
    """
    weights = class_weights.detach().cpu()
    # max is ten times as fast as argmax
    prediction = take(maps.logits, region).max(dim=0).indices  # n
    # concepts without a weight need no maps, which saves most of the time
    used = (weights != 0).any(dim=0).nonzero().flatten()
    chunks = [part for part in used.split(CHANNELS_AT_ONCE) if len(part)]

    def speaking() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield concepts (k,), pixels (m,) of one class, contributions."""
        for chunk in chunks:
            activations = take(maps.activations(chunk.tolist()), region)
            for c in prediction.unique().tolist():
                here = (prediction == c).nonzero().flatten()
                local = weights[c, chunk].nonzero().flatten()
                part = activations[local[:, None], here]  # k,m
                part *= weights[c, chunk[local], None]
                yield chunk[local], here, part.clamp_(min=0)

    if (weights >= 0).all() and all((m >= 0).all() for m in maps.pooled):
        evidence = take(maps.logits, region).amax(dim=0)  # n
    else:
        evidence = torch.zeros(len(prediction))
        for _, here, part in speaking():
            evidence[here] += part.sum(dim=0)
    there = evidence > torch.finfo(evidence.dtype).tiny
    factor = torch.where(there, 1 / evidence, 0)
    shares = torch.zeros(weights.shape[1], dtype=torch.float64)
    for concepts, here, part in speaking():
        shares[concepts] += (part @ factor[here]).double()
    # sum to 1 in spite of single precision
    return shares / shares.sum() if shares.sum() > 0 else shares


def take(maps: Tensor, region: Region) -> Tensor:
    """Return the pixels (k,n) of a region of maps (k,h,w)."""
    rows, columns = region
    return maps[:, rows, columns].flatten(1)


def _region(point: tuple[int, int] | None) -> Region:
    """Return rows and columns of the pixels that are explained."""
    if point is None:
        return slice(None), slice(None)
    x, y = point
    return slice(y, y + 1), slice(x, x + 1)


def write_prediction(
    prediction: np.ndarray, folder: str | Path, index: int
) -> None:
    """Write the predicted classes (h,w) of a frame, as large as it is shown.

    An hour of large frames would fill a disk otherwise.

    Args:
        prediction: Of type uint16, for data sets of more than 256 classes.
        folder: For the file.
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
    """Read the classes of a frame, at most as large as it is shown."""
    path = str(Path(folder, f'{index}.png'))
    return np.asarray(cv2.imread(path, cv2.IMREAD_UNCHANGED))


def log_progress(
    items: Iterable[Item], title: str, total: int
) -> Iterator[tuple[int, Item]]:
    """Enumerate frames, and log the progress every ten seconds."""
    last_log = time.monotonic()
    for index, item in enumerate(items):
        yield index, item
        if time.monotonic() - last_log > SECONDS_BETWEEN_LOGS:
            of = f' of {total}' if index < total else ''
            print_log(f'{title}: frame {index + 1}{of}', logger='current')
            last_log = time.monotonic()
