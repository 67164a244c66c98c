"""The numbers of a sequence as JSON: a summary, and one line per frame."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmproto.explanations.concepts import COVERAGE
from mmproto.explanations.explanation import fewest
from mmproto.models.facts import ModelFacts, speaks_for
from mmproto.utils.files import atomic_path

from .measurement import FrameNumbers, Measurement

SEQUENCE_VERSION = 2
DIGITS = 7  # of a share: single precision has no more


def sequence_record(
    measurement: Measurement,
    video: str,
    lines: str,
    facts: ModelFacts,
) -> dict:
    """Summarize a sequence, as ``mmproto/schemas/sequence.schema.json`` says.

    Args:
        measurement: Numbers of all frames.
        video: Path of the sequence.
        lines: Name of the file with one line per frame.
        facts: Of the model.
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
        classes=list(facts.classes),
        class_shares=(measurement.class_total / frames).tolist(),
        concepts=[
            _concept(facts, k, float(shares[k]))
            for k in measurement.by_share()
        ],
        surrogate=facts.surrogate
        and facts.surrogate.to_dict() | dict(here=measurement.agreement),
    )


def frame_record(
    index: int, numbers: FrameNumbers, classes: Sequence[str]
) -> dict:
    """Describe a frame, as ``frame`` of the same schema says.

    Args:
        index: Number of the frame.
        numbers: Its numbers.
        classes: Names of the ``C`` classes.
    """
    shares = numbers.concept_shares
    listed = {
        str(k): round(float(shares[k]), DIGITS)
        for k in fewest(shares, COVERAGE)
    }
    # what is written sums to 1 in spite of rounding
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
        **_black_box(numbers, classes),
    )


@contextmanager
def open_lines(path: str | Path) -> Iterator[Callable[[dict], None]]:
    """Open a file of JSON lines, which is complete in the end or not there.

    Yields:
        A function that adds a record. It raises a ValueError if a number is
        not finite.
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


def _concept(facts: ModelFacts, concept: int, share: float) -> dict:
    weights = speaks_for(facts.class_weights_of(concept))
    return dict(
        concept=concept,
        name=facts.concept_names.get(concept, ''),
        class_weights=[dict(name=n, weight=w) for n, w in weights],
        share=share,
    )


def _decision(numbers: FrameNumbers, classes: Sequence[str]) -> dict:
    """Name winner and runner-up at the point, if there is one."""
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


def _black_box(numbers: FrameNumbers, classes: Sequence[str]) -> dict:
    """Say how far a surrogate and the model that it explains agree."""
    if math.isnan(numbers.agreement):
        return {}
    found: dict = dict(agreement=round(numbers.agreement, DIGITS))
    if numbers.black_box is not None:
        name = classes[numbers.black_box]
        found['black_box'] = {'class': numbers.black_box, 'name': name}
    return found
