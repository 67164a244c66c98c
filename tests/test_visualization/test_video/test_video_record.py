"""Numbers of frames on disk and as JSON lines, against lists in memory."""

import json
import tracemalloc
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

import mmproto
from mmproto.visualization.video.measurement import (
    FrameNumbers,
    Measurement,
)
from mmproto.visualization.video.record import (
    frame_record,
    open_lines,
    sequence_record,
)
from mmproto.visualization.video.strip import make_strip

SCHEMA = Path(mmproto.__file__).parent / 'schemas' / 'sequence.schema.json'
CLASSES = ['road', 'wall', 'car']
FACTS = SimpleNamespace(
    classes=CLASSES,
    concept_names={},
    class_weights_of=lambda concept: [],
    surrogate=None,
)


def random_frame(rng, time, concepts=40, point=True):
    """Shares as models have them: a few concepts say nearly everything."""
    shares = rng.random(concepts) ** 20
    pixels = rng.multinomial(1 << 21, [0.7, 0.3, 0])
    logits = rng.random(3)
    return FrameNumbers(
        time=time,
        class_shares=pixels / pixels.sum(),
        concept_shares=shares / shares.sum(),
        evidence=logits if point else None,
        probabilities=logits / logits.sum() if point else None,
    )


@pytest.mark.parametrize('point', [None, (3, 4)])
def test_what_was_appended_is_read_again(tmp_path, point):
    (tmp_path / 'numbers').write_bytes(b'of another run')
    measurement = Measurement(tmp_path / 'numbers', Fraction(5), point)
    rng = np.random.default_rng(0)
    frames = [
        random_frame(rng, i / 5, point=point is not None) for i in range(9)
    ]
    for frame in frames:
        measurement.append(frame)
    for found, frame in zip(measurement, frames, strict=True):
        assert found.time == frame.time
        for key in ('class_shares', 'concept_shares'):
            assert (getattr(found, key) == getattr(frame, key)).all()
        if point is None:
            assert found.evidence is found.probabilities is None
        else:
            assert (found.evidence == frame.evidence).all()
            assert (found.probabilities == frame.probabilities).all()
            best = max(range(3), key=lambda c: frame.evidence[c])
            assert found.ranking()[0] == best
            assert found.sentence(CLASSES).startswith(f'{CLASSES[best]} 0.')
    total = sum(frame.concept_shares for frame in frames)
    assert measurement.concept_total == pytest.approx(total)
    order = measurement.by_share()
    assert (np.diff(total[order]) <= 0).all() and len(order) == 40
    assert (measurement.fps, measurement.seconds) == (5, 9 / 5)
    assert len(measurement) == 9 and measurement.even
    with pytest.raises(IndexError, match='no frame 9 of 9'):
        measurement[9]


def test_uneven_frames_have_a_mean_rate(tmp_path):
    measurement = Measurement(tmp_path / 'numbers', Fraction(30))
    rng = np.random.default_rng(0)
    for time in (0, 1, 1.5, 4):
        measurement.append(random_frame(rng, time))
    assert not measurement.even
    assert measurement.fps == Fraction(3, 4)
    assert measurement.seconds == pytest.approx(4 + 4 / 3)


def test_a_line_lists_the_fewest_concepts_that_decide():
    rng = np.random.default_rng(1)
    schema = json.loads(SCHEMA.read_text())
    schema = dict(schema, **{'$ref': '#/$defs/frame'})
    for key in ('properties', 'required', 'type', 'additionalProperties'):
        del schema[key]
    lengths = []
    for index in range(80):
        frame = random_frame(rng, index / 10)
        record = json.loads(json.dumps(frame_record(index, frame, CLASSES)))
        jsonschema.validate(record, schema)
        listed = {int(k): v for k, v in record['concepts'].items()}
        for k, share in listed.items():
            assert share == pytest.approx(frame.concept_shares[k], abs=6e-8)
        # 95 % are reached, and not without the last one
        shares = sorted(frame.concept_shares, reverse=True)
        n = len(listed)
        assert sum(shares[:n]) >= 0.95 > sum(shares[: n - 1])
        assert list(listed.values()) == sorted(listed.values(), reverse=True)
        assert min(listed.values()) >= shares[n] - 1e-7
        total = sum(listed.values()) + record['other']
        assert total == pytest.approx(1, abs=1e-12)
        assert 0 <= record['other'] <= 0.05
        pixels = {int(c): v * (1 << 21) for c, v in record['classes'].items()}
        for c, share in enumerate(frame.class_shares):
            assert round(pixels.get(c, 0)) == round(share * (1 << 21))
        assert set(pixels) == {0, 1}  # no car
        best = int(frame.evidence.argmax())
        assert record['predicted']['name'] == CLASSES[best]
        lengths.append(n)
    assert 1 < np.mean(lengths) < 10


def test_a_frame_without_evidence_lists_nothing():
    frame = FrameNumbers(0.0, np.array([1.0, 0]), np.zeros(5))
    assert frame_record(3, frame, CLASSES) == dict(
        frame=3, time=0.0, classes={'0': 1.0}, concepts={}, other=0.0
    )


def test_lines_are_complete_or_not_there(tmp_path):
    path = tmp_path / 'new' / 'a.jsonl'
    with open_lines(path) as write:
        write(dict(a=1))
        write(dict(b=[2, 3]))
        assert not path.exists()
    assert path.read_text() == '{"a":1}\n{"b":[2,3]}\n'
    other = tmp_path / 'b.jsonl'
    with (
        pytest.raises(ValueError, match='not JSON compliant'),
        open_lines(other) as write,
    ):
        write(dict(a=1))
        write(dict(a=float('nan')))
    assert [p.name for p in tmp_path.iterdir()] == ['new']


def peak_of(folder, frames):
    """Bytes that a sequence takes at most, beyond its last frame."""
    rng = np.random.default_rng(0)
    frame = random_frame(rng, 0)
    tracemalloc.start()
    measurement = Measurement(folder / 'numbers', Fraction(30), (3, 4))
    for index in range(frames):
        measurement.append(
            FrameNumbers(
                index / 30,
                frame.class_shares,
                frame.concept_shares,
                frame.evidence,
                frame.probabilities,
            )
        )
    make_strip(measurement, [1, 2, 3])
    sequence_record(measurement, 'a.mp4', 'a.jsonl', FACTS)
    with open_lines(folder / 'a.jsonl') as write:
        for index, numbers in enumerate(measurement):
            write(frame_record(index, numbers, CLASSES))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_sequence(tmp_path):
    peak_of(tmp_path, 10)  # what is loaded only once
    short, long = peak_of(tmp_path, 100), peak_of(tmp_path, 2000)
    assert (tmp_path / 'numbers').stat().st_size == 2000 * 8 * (3 + 40 + 9)
    assert long < short + 20_000  # ten bytes a frame
