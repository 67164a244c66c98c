"""tools/analysis_tools/compare_with_cam.py as its users run it."""

import json
import sys
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
import torch
from mmengine.runner import save_checkpoint
from mmengine.runner.checkpoint import weights_to_cpu
from mmseg.registry import MODELS
from scipy.integrate import trapezoid
from surrogates import fcn

import mmproto
from mmproto.class_activation.figure import draw_comparison

TOOL = 'analysis_tools/compare_with_cam.py'
SCHEMA = Path(mmproto.__file__).parent / 'schemas/cam_comparison.schema.json'


@pytest.fixture
def black_box(tiny_config, tiny_model, tmp_path):
    """Config and checkpoint of a segmentor with random weights."""
    cfg = tiny_config.copy()
    cfg.model = dict(cfg.model, decode_head=fcn())
    cfg.model.pop('neck')
    torch.manual_seed(1)
    model = MODELS.build(cfg.model)
    model.init_weights()
    model.decode_head.conv_seg.weight.data.normal_()
    config, checkpoint = tmp_path / 'fcn.py', tmp_path / 'fcn.pth'
    cfg.dump(config)
    meta = dict(dataset_meta=tiny_model.dataset_meta)
    weights = weights_to_cpu(model.state_dict())
    save_checkpoint(dict(meta=meta, state_dict=weights), str(checkpoint))
    return str(config), str(checkpoint)


def test_figure_and_numbers(black_box, trained, image, run, tmp_path):
    pytest.importorskip('pytorch_grad_cam')
    other = image.replace('000001', '000002')
    out = tmp_path / 'out' / 'cam.png'
    flags = '--pixels', 2, '--out', out
    said = run(TOOL, *black_box, *trained, image, other, *flags)
    assert said[-2:] == [str(out.with_suffix('.json')), str(out)]
    data = json.loads(out.with_suffix('.json').read_text())
    jsonschema.validate(data, json.loads(SCHEMA.read_text()))
    assert data['num_pixels'] == len(data['pixels']) == 4
    assert data['concept_model']['checkpoint'] == trained[1]
    for region, found in data['regions'].items():
        areas = [pixel['areas'][region] for pixel in data['pixels']]
        for order, entry in found['orders'].items():
            mean = np.mean([each[order] for each in areas])
            assert entry['area'] == pytest.approx(mean)
            area = trapezoid(entry['curve'], data['shares'])
            assert area == pytest.approx(mean)
            halves = [each[order] for each in areas]
            gap = abs(np.mean(halves[:2]) - np.mean(halves[2:]))
            assert entry['standard_error'] == pytest.approx(gap / 2)
        ends = np.array([e['curve'] for e in found['orders'].values()])
        np.testing.assert_allclose(np.ptp(ends[:, [0, -1]], axis=0), 0)
        below = [each['concepts'] < each['cam'] for each in areas]
        share = found['concepts_minus_cam']['share_below']
        assert share == pytest.approx(np.mean(below))
    assert said[-4].startswith('Mean probability of the class at the pixel')
    picture = cv2.imread(str(out))
    assert picture.std() > 20 and picture.shape[1] > 1500


def test_chosen_points_of_the_first_image(
    black_box, trained, image, run, tmp_path, monkeypatch
):
    pytest.importorskip('pytorch_grad_cam')
    drawn = []

    def draw(pairs, record):
        drawn.extend(pairs)
        return draw_comparison(pairs, record)

    monkeypatch.setattr('mmproto.class_activation.save.draw_comparison', draw)
    points = '--point', 90, 60, '--point', 5, 4
    flags = '--pixels', 1, '--out', tmp_path / 'cam.png'
    run(TOOL, *black_box, *trained, image, *points, *flags)
    assert [pair.explanation.point for pair in drawn] == [(90, 60), (5, 4)]


def test_mistakes_end_in_a_sentence(
    black_box, trained, image, run, tmp_path, monkeypatch
):
    out = tmp_path / 'new' / 'cam.png'
    given = *black_box, *trained

    def refuse(match, *words):
        with pytest.raises(SystemExit, match=match):
            run(TOOL, *words)
        assert not out.parent.exists()

    where = '--out', out
    refuse('no image at lost.png', *given, 'lost.png', *where)
    refuse('--out is a .png file', *given, image, '--out', tmp_path / 'x.pdf')
    refuse('--pixels must be', *given, image, *where, '--pixels', 0)
    refuse('is a model of mmproto already', *trained, *trained, image, *where)
    saved = torch.load(black_box[1], weights_only=True)
    saved['meta']['dataset_meta']['classes'] = ('a', 'b', 'c', 'd')
    torch.save(saved, black_box[1])
    refuse(
        r'says 4 classes \(a, b, c, ...\), the concept model 4 classes \(road',
        *(*given, image, *where),
    )
    monkeypatch.setitem(sys.modules, 'pytorch_grad_cam', None)
    refuse(r'pip install "mmproto\[cam\]"', *given, image, *where)
