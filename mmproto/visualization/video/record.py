"""The numbers of a sequence as plain types: a summary, and a line a frame."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mmproto.explanations.concepts import COVERAGE
from mmproto.utils.files import atomic_path

from .measurement import FrameNumbers, Measurement
from .rows import ConceptRow

SEQUENCE_VERSION = 2
DIGITS = 7  # of a share: single precision has no more


def sequence_record(
    measurement: Measurement,
    video: str,
    lines: str,
    classes: Sequence[str],
    concepts: Sequence[ConceptRow],
) -> dict:
    """Sum up a sequence, as ``mmproto/schemas/sequence.schema.json`` says.

    Args:
        measurement: Numbers of all frames.
        video: Path of the sequence.
        lines: Name of the file with a line a frame.
        classes: Names of the ``C`` classes.
        concepts: Those of :meth:`Measurement.by_share`.
    """
    frames = len(measurement)
    x, y = measurement.point or (None, None)
    shares = measurement.concept_total / frames  # K
    return dict(
        version=SEQUENCE_VERSION,
        video=video,
        frames=lines,
        num_frames=frames,
        seconds=measurement.seconds,
        fps=float(measurement.fps),
        frame_size=list(measurement.size),
        point=None if measurement.point is None else dict(x=x, y=y),
        coverage=COVERAGE,
        classes=list(classes),
        class_shares=(measurement.class_total / frames).tolist(),
        concepts=[
            row.to_dict() | dict(share=float(shares[row.concept]))
            for row in concepts
        ],
    )


def frame_record(
    index: int, numbers: FrameNumbers, classes: Sequence[str]
) -> dict:
    """Say what counts in a frame, as ``frame`` of the same schema does.

    Args:
        index: Of the frame.
        numbers: Of the frame.
        classes: Names of the ``C`` classes.
    """
    shares = numbers.concept_shares
    listed = {str(k): round(float(shares[k]), DIGITS) for k in leading(shares)}
    # so that what stands there sums to 1 in spite of the rounding
    other = 1 - sum(listed.values()) if listed else 0.0
    return dict(
        frame=index,
        time=numbers.time,
        classes={
            str(c): round(float(numbers.class_shares[c]), DIGITS)
            for c in numbers.class_shares.nonzero()[0]
        },
        concepts=listed,
        other=round(max(0.0, other), DIGITS),
        **_decision(numbers, classes),
    )


def leading(shares: np.ndarray) -> list[int]:
    """Fewest concepts with ``COVERAGE`` of the evidence, largest first.

    Args:
        shares: Of each concept (K,), none below zero.
    """
    order = np.argsort(-shares, kind='stable')
    reached = np.cumsum(shares[order])
    # what is not finite is refused when it is written
    if reached[-1] == 0:
        return []
    count = int(np.searchsorted(reached, COVERAGE * reached[-1])) + 1
    return [int(concept) for concept in order[:count]]


@contextmanager
def open_lines(path: str | Path) -> Iterator[Callable[[dict], None]]:
    """Open a file of JSON lines, which is complete or not there.

    Args:
        path: Of the file.

    Yields:
        What writes a record; raises a ValueError if a number is not finite.
    """
    with (
        atomic_path(path) as temporary,
        temporary.open('w', encoding='utf-8') as file,
    ):

        def write(record: dict) -> None:
            """Add a line."""
            text = json.dumps(record, allow_nan=False, separators=(',', ':'))
            file.write(text + '\n')

        yield write


def _decision(numbers: FrameNumbers, classes: Sequence[str]) -> dict:
    """Winner and runner-up at the point, if there is one."""
    if numbers.evidence is None or numbers.probabilities is None:
        return {}
    found: list[dict | None] = [
        {
            'class': c,
            'name': classes[c],
            'evidence': float(numbers.evidence[c]),
            'probability': float(numbers.probabilities[c]),
        }
        for c in numbers.ranking()
    ]
    predicted, runner_up = [*found, None][:2]
    return dict(predicted=predicted, runner_up=runner_up)
