"""A video of a surrogate says how far the model itself agrees."""

import cv2
import numpy as np
import pytest
from mmseg.apis import inference_model
from surrogates import LINE, LONG, black_box, users_model
from test_save_video import read_numbers

from mmproto.models.facts import ModelFacts
from mmproto.models.surrogate_record import Surrogate
from mmproto.visualization.video import Frames, save_video
from mmproto.visualization.video.background import (
    NOTE_LINE,
    PICTURE_TOP,
    Background,
    wrap_note,
)
from mmproto.visualization.video.measure import measure_frames
from mmproto.visualization.video.painter import Painter


@pytest.fixture
def answers(surrogate, scenes):
    """What concept model and black box say (h,w) of both scenes."""
    own = users_model(surrogate.cfg, black_box(), surrogate)
    own.cfg = surrogate.cfg
    return [
        [
            inference_model(model, scene).pred_sem_seg.data[0].numpy()
            for model in (surrogate, own)
        ]
        for scene in scenes
    ]


def test_numbers(surrogate, film, answers, tmp_path):
    x, y = 40, 50
    out = save_video(surrogate, Frames(film), tmp_path / 'a.mp4', (x, y))
    summary, frames = read_numbers(out)
    assert summary['surrogate']['sentence'] == LINE
    shares = []
    # the film is compressed: its scenes are those of the folder but for noise
    for frame, (concepts, own) in zip(frames, answers * 4):
        assert frame['agreement'] == pytest.approx(
            (concepts == own).mean(), abs=0.05
        )
        shares.append(frame['agreement'])
    assert summary['surrogate']['here'] == pytest.approx(
        np.mean(shares), abs=1e-6
    )


def test_point_where_they_disagree(surrogate, folder, answers, tmp_path):
    concepts, own = answers[0]
    y, x = map(int, np.argwhere(concepts != own)[0])
    found = measure_frames(
        ModelFacts.of(surrogate), Frames(folder), tmp_path, (x, y)
    )
    names = surrogate.dataset_meta['classes']
    assert found[0].agreement == (concepts == own).mean()
    assert found[0].black_box == own[y, x]
    assert (
        found[0]
        .sentence(names)
        .endswith(f'; the model itself says {names[own[y, x]]}')
    )
    y, x = map(int, np.argwhere(concepts == own)[0])
    found = measure_frames(
        ModelFacts.of(surrogate), Frames(folder), tmp_path, (x, y)
    )
    assert found[0].black_box == concepts[y, x]
    assert 'model itself' not in found[0].sentence(names)


def test_line_below_the_title(surrogate, folder, tmp_path, monkeypatch):
    lines = []
    add_note = Background.add_note
    monkeypatch.setattr(
        Background,
        'add_note',
        lambda self, note: lines.append(note) or add_note(self, note),
    )
    facts = ModelFacts.of(surrogate)
    measurement = measure_frames(facts, Frames(folder), tmp_path)
    painter = Painter(measurement, 'title', facts, [0, 1], [None, None])
    assert lines == [LINE]
    assert painter.layout.picture_top == PICTURE_TOP + NOTE_LINE
    frame = cv2.imread(str(next(folder.iterdir())))
    picture = painter.paint(
        0, measurement[0], frame, np.zeros(frame.shape[:2], np.uint8)
    )
    band = picture[40 : painter.layout.picture_top]
    assert (band[:, :600] < 100).any() and (band[:, 1000:] < 100).any()


def test_a_long_line_has_several():
    line = Surrogate.read(LONG, switched_off=2).sentence()
    wrapped = wrap_note(line)
    assert wrapped.count('\n') == 1
    assert wrapped.split() == line.split()


def test_others_say_nothing_of_it(projected, film, tmp_path):
    out = save_video(projected, Frames(film), tmp_path / 'a.mp4', (40, 50))
    summary, frames = read_numbers(out)
    assert summary.pop('surrogate') is None
    for each in (summary, *frames):
        assert 'surrogate' not in str(each) and 'black_box' not in str(each)
    assert all('agreement' not in frame for frame in frames)
