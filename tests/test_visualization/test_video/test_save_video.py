"""From frames to an .mp4 that decodes to what was drawn, and its numbers."""

import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import jsonschema
import matplotlib
import mmcv
import numpy as np
import pytest
import torch
from films import UNEVEN, write_film

import mmproto
from mmproto.explanations.evidence import EvidenceMaps
from mmproto.models.facts import ModelFacts
from mmproto.utils import requirements
from mmproto.visualization.crops import patch_pictures
from mmproto.visualization.video import Frames, save_video
from mmproto.visualization.video.background import (
    ROW,
    STRIP_LEFT,
    STRIP_RIGHT,
)
from mmproto.visualization.video.measure import evidence_shares
from mmproto.visualization.video.painter import Painter

SCHEMAS = Path(mmproto.__file__).parent / 'schemas'


@pytest.fixture
def drawn(monkeypatch):
    """Frames as they were drawn, before they were written."""
    pictures, paint = [], Painter.paint

    def keep(self, *arguments):
        pictures.append(paint(self, *arguments))
        return pictures[-1]

    monkeypatch.setattr(Painter, 'paint', keep)
    return pictures


def read_numbers(path):
    """What the summary says, and what the lines say of each frame."""
    numbers = json.loads(path.with_suffix('.json').read_text())
    schema = json.loads((SCHEMAS / 'sequence.schema.json').read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(numbers, schema)
    line = {'$ref': '#/$defs/frame', '$defs': schema['$defs']}
    text = (path.parent / numbers['frames']).read_text()
    frames = [json.loads(row) for row in text.splitlines()]
    for index, frame in enumerate(frames):
        jsonschema.validate(frame, line)
        assert frame['frame'] == index
    assert len(frames) == numbers['num_frames']
    return numbers, frames


@pytest.mark.smoke
def test_video_of_a_folder(run, trained, folder, tmp_path):
    out = tmp_path / 'new' / 'drive.mp4'
    lines = run('explain.py', *trained, '--video', folder, '--out', out)
    assert lines[-1] == str(out)
    names = sorted(path.name for path in out.parent.iterdir())
    assert names == ['drive.json', 'drive.jsonl', 'drive.mp4']
    reader = mmcv.VideoReader(str(out))
    assert (len(list(reader)), reader.fps) == (12, 10)
    numbers, listed = read_numbers(out)
    assert numbers['classes'] == ['road', 'wall', 'car', 'sign']
    assert (numbers['fps'], numbers['seconds']) == (10, 1.2)
    digest = hashlib.sha256(Path(trained[1]).read_bytes()).hexdigest()
    assert numbers['model']['sha256'] == digest
    for index, frame in enumerate(listed):
        assert frame['time'] == pytest.approx(index / 10)
        assert sum(frame['classes'].values()) == pytest.approx(1, abs=1e-6)
        total = sum(frame['concepts'].values()) + frame['other']
        assert total == pytest.approx(1, abs=1e-12)
    for c, share in enumerate(numbers['class_shares']):
        mean = np.mean([f['classes'].get(str(c), 0) for f in listed])
        assert share == pytest.approx(mean, abs=1e-6)


def test_decoded_frames_are_what_was_drawn(
    projected, film, drawn, decode, tmp_path
):
    out = save_video(projected, Frames(film), tmp_path / 'out.mp4')
    frames, facts = decode(out)
    assert float(facts.pop('seconds')) == pytest.approx(7 / 29.97, abs=1e-3)
    assert facts.pop('times') == [index * 1001 / 30000 for index in range(7)]
    assert facts == dict(
        rate=Fraction(30000, 1001),
        codec='h264',
        format='yuv420p',
    )
    assert len(frames) == len(drawn) == 7
    for frame, picture in zip(frames, drawn):
        error = np.square(frame.astype(float) - picture).mean()
        assert 10 * np.log10(255**2 / error) > 35
        # large areas keep their colours: the colour space is told right
        assert np.abs(frame.mean((0, 1)) - picture.mean((0, 1))).max() < 1
    data = out.read_bytes()
    assert data.index(b'moov') < data.index(b'mdat')  # plays while it loads


@pytest.mark.parametrize('name', ['uneven.mp4', 'uneven.mkv'])
def test_uneven_frames_keep_their_times(
    projected, scenes, decode, tmp_path, name
):
    path = tmp_path / name
    write_film(path, scenes, len(UNEVEN), dict(crf='1'), times=UNEVEN)
    out = save_video(projected, Frames(path), tmp_path / 'out.mp4', (3, 4))
    numbers, listed = read_numbers(out)
    times = [frame['time'] for frame in listed]
    assert times == pytest.approx(UNEVEN, abs=0.0011)
    frames, facts = decode(out)
    assert facts['times'] == pytest.approx(times, abs=1 / 90000)
    assert numbers['fps'] == pytest.approx(9 / 4.04, rel=1e-3)
    assert numbers['seconds'] == pytest.approx(4.04 * 10 / 9, rel=1e-3)
    assert len(frames) == len(UNEVEN)
    # A and B by turns
    said = [frame['predicted']['evidence'] for frame in listed]
    for index, scene in enumerate(scenes):
        evidence = (
            EvidenceMaps(ModelFacts.of(projected), scene).logits[:, 4, 3].max()
        )
        expected = [float(evidence)] * 5
        assert said[index::2] == pytest.approx(expected, rel=0.2)


def test_strip_in_the_file_has_the_order_of_the_scenes(
    projected, folder, scenes, decode, tmp_path
):
    out = save_video(projected, Frames(folder), tmp_path / 'out.mp4')
    frames, _ = decode(out)
    numbers, listed = read_numbers(out)
    said = [tuple(f[k] for k in ('classes', 'concepts')) for f in listed]
    order = 2 * 'AABBBA'
    for first, a in zip(order, said):
        for second, b in zip(order, said):
            assert (a == b) == (first == second)
    concepts = numbers['concepts']
    assert (np.diff([c['share'] for c in concepts]) <= 0).all()
    weights = projected.decode_head.class_weights.detach()
    everywhere = (slice(None), slice(None))
    one, two = (
        evidence_shares(
            EvidenceMaps(ModelFacts.of(projected), scene), weights, everywhere
        )
        for scene in scenes
    )
    shares = torch.stack([two if letter == 'B' else one for letter in order])
    shares = shares[:, [c['concept'] for c in concepts]].numpy()  # T,n
    means = [c['share'] for c in concepts]
    assert means == pytest.approx(shares.mean(axis=0).tolist())
    # the strip of the first frame, from the colours in the file
    top = len(frames[0]) - 58 - 9 * (ROW + 4)
    end = np.ceil(20 * shares[:, :8].max()) / 20
    ramp = matplotlib.colormaps['cividis']
    for row in range(8):
        line = frames[0][top + row * (ROW + 4) + ROW // 2]
        for index in range(1, 12):  # the marker is on the first one
            width = (STRIP_RIGHT - STRIP_LEFT) / 12
            found = line[STRIP_LEFT + int((index + 0.5) * width)]
            expected = 255 * np.array(ramp(shares[index, row] / end)[:3])
            assert np.abs(found - expected).max() < 12


def test_numbers_are_those_of_the_model_and_the_same_again(
    projected, folder, scenes, tmp_path
):
    for name in ('one.mp4', 'two.mp4'):
        save_video(projected, Frames(folder, 5), tmp_path / name, (70, 20))
    first = (tmp_path / 'one.jsonl').read_bytes()
    assert first == (tmp_path / 'two.jsonl').read_bytes()
    summary = (tmp_path / 'one.json').read_text()
    assert summary.replace('one.', 'two.') == (
        (tmp_path / 'two.json').read_text()
    )
    numbers, listed = read_numbers(tmp_path / 'one.mp4')
    assert numbers['point'] == dict(x=70, y=20)
    for index, letter in ((0, 'A'), (2, 'B')):
        maps = EvidenceMaps(ModelFacts.of(projected), scenes[letter == 'B'])
        prediction = maps.logits.argmax(dim=0).flatten()
        counts = prediction.bincount(minlength=4) / len(prediction)
        frame = listed[index]
        found = [frame['classes'].get(str(c), 0) for c in range(4)]
        assert found == pytest.approx(counts.tolist(), abs=1e-6)
        winner, runner_up = maps.logits[:, 20, 70].topk(2).indices.tolist()
        assert frame['predicted']['class'] == winner
        assert frame['runner_up']['class'] == runner_up
        evidence = float(maps.logits[winner, 20, 70])
        assert frame['predicted']['evidence'] == pytest.approx(evidence)
        weights = projected.decode_head.class_weights[winner].detach()
        said = weights * maps.activations_at(70, 20)
        concepts = [int(concept) for concept in frame['concepts']]
        expected = (said / said.sum())[concepts].tolist()
        shares = list(frame['concepts'].values())
        assert shares == pytest.approx(expected, rel=1e-4)
        assert sum(shares) >= 0.95 > sum(shares[:-1])


def test_concepts_are_named(projected, folder, tmp_path):
    projected.dataset_meta['concept_names'] = {'6': 'left rear wheel'}
    with torch.no_grad():
        weights = projected.decode_head.conv_seg.weight
        weights[:, 6, 0, 0] = torch.tensor([3.2, -1, 12.29, 0])
    out = save_video(projected, Frames(folder), tmp_path / 'out.mp4')
    found = {c['concept']: c for c in read_numbers(out)[0]['concepts']}
    assert found[6]['name'] == 'left rear wheel' and found[2]['name'] == ''
    named = [(c['name'], c['weight']) for c in found[6]['class_weights']]
    assert named == [
        ('car', pytest.approx(12.29)),
        ('road', pytest.approx(3.2)),
    ]


def test_concepts_have_patches(projected, tiny_data):
    facts = ModelFacts.of(projected)
    pictures = patch_pictures(facts, [6, 2], 42)
    assert [max(picture.shape) for picture in pictures] == [42, 42]
    for prototype in projected.dataset_meta['projection']['prototypes']:
        for patch in prototype['patches']:
            patch['image'] = patch['image'].replace(str(tiny_data), '/gone')
    assert patch_pictures(facts, [6], 42) == [None]
    (found,) = patch_pictures(facts, [6], 42, tiny_data)
    assert np.array_equal(found, pictures[0])
    facts = replace(facts, record=None)
    assert patch_pictures(facts, [6], 42) == [None]


def test_model_that_has_no_evidence(projected, folder, decode, tmp_path):
    torch.nn.init.constant_(projected.decode_head.conv_seg.weight, -1.0)
    out = save_video(projected, Frames(folder), tmp_path / 'out.mp4', (3, 4))
    assert len(decode(out)[0]) == 12
    numbers, listed = read_numbers(out)
    assert numbers['concepts'] == []
    assert {(len(f['concepts']), f['other']) for f in listed} == {(0, 0)}


def test_nothing_is_left_of_a_video_that_failed(projected, folder, tmp_path):
    (folder / 'frame_12.png').write_text('no picture')
    with pytest.raises(ValueError, match='frame_12.png'):
        save_video(projected, Frames(folder), tmp_path / 'new' / 'out.mp4')
    with pytest.raises(ValueError, match='outside the image'):
        save_video(projected, Frames(folder), tmp_path / 'o.mp4', (96, 0))
    assert not (tmp_path / 'new').exists()
    assert not list(tmp_path.glob('*o.*'))
    (folder / 'frame_12.png').unlink()
    probabilities = projected.decode_head.probabilities
    projected.decode_head.probabilities = lambda e: probabilities(e) * np.nan
    with pytest.raises(ValueError, match='not JSON compliant'):
        save_video(projected, Frames(folder), tmp_path / 'o.mp4', (3, 4))
    assert not list(tmp_path.glob('*o.*'))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['image.png', '--video', 'FOLDER'], 'an image or --video.*both'),
        ([], 'an image or --video.*neither'),
        (['--video', 'FOLDER', '--out', 'o.html'], r'is an \.mp4, got o.html'),
        (['--video', 'FOLDER', '--out', 'folder'], r'is an \.mp4, got folder'),
        (['--video', 'FOLDER', '--patches', 'none'], 'are for a page'),
        (['--video', 'FOLDER', '--labels', 'a.png'], 'are for a page'),
        (['--video', 'gone'], 'no video or folder at gone'),
        (
            ['--video', 'FOLDER', '--out', '/dev/null/o.mp4'],
            'cannot be written',
        ),
        (['--video', 'FOLDER', '--fps', '0'], '0.0 frames per second cannot'),
        (['image.png', '--fps', '5'], 'for a sequence: --video'),
        (['image.png', '--out', 'o.mp4'], 'for a sequence: --video'),
        (['--video', 'FILM', '--out', 'FILM'], 'is the sequence itself'),
    ],
)
def test_refusals(run, trained, folder, film, options, message):
    paths = dict(FOLDER=folder, FILM=film)
    options = [paths.get(option, option) for option in options]
    with pytest.raises(SystemExit, match=f'error: .*{message}'):
        run('explain.py', *trained, *options)


def test_missing_package_is_said_before_the_network_runs(
    run, trained, folder, monkeypatch, tmp_path
):
    def missing(name):
        raise ImportError(f'No module named {name!r}')

    monkeypatch.setattr(requirements, 'import_module', missing)
    monkeypatch.setattr('mmproto.explanations.evidence.run_inference', None)
    with pytest.raises(SystemExit, match=r'pip install "mmproto\[video\]"'):
        out = tmp_path / 'o.mp4'
        run('explain.py', *trained, '--video', folder, '--out', out)
