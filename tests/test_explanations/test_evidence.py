"""Contributions sum to the logit at every pixel, on the way mmseg takes."""

import cv2
import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.apis import inference_model

import mmproto
from mmproto.explanations.evidence import EvidenceMaps
from mmproto.models.facts import ModelFacts

SLIDE = dict(mode='slide', crop_size=(48, 48), stride=(32, 24))
RESIZE = dict(type='Resize', scale=(120, 90), keep_ratio=True)
FLIP = dict(type='RandomFlip', prob=1.0)
PAD = dict(size_divisor=64)


@pytest.mark.parametrize('test_cfg', [dict(mode='whole'), SLIDE])
@pytest.mark.parametrize(
    ('step', 'padding'),
    [(None, None), (RESIZE, None), (RESIZE, PAD), (FLIP, PAD)],
)
def test_contributions_sum_to_the_logit_at_every_pixel(
    tiny_model, image, test_cfg, step, padding
):
    tiny_model.test_cfg = ConfigDict(test_cfg)
    tiny_model.data_preprocessor.test_cfg = padding
    if step is not None:
        tiny_model.cfg.test_pipeline.insert(1, ConfigDict(step))
    head = tiny_model.decode_head
    with torch.no_grad():  # class weights that share concepts
        head.conv_seg.weight.uniform_(-0.5, 1)
    maps = EvidenceMaps(ModelFacts.of(tiny_model), image)
    activations = maps.activations(range(8))  # K,h,w
    weights = head.class_weights.detach()  # C,K
    contributions = weights[:, :, None, None] * activations  # C,K,h,w
    expected = inference_model(tiny_model, image).seg_logits.data
    assert maps.size == (64, 96) and torch.equal(maps.logits, expected)
    gap = (contributions.sum(dim=1) - expected).abs()
    assert (gap <= 1e-5 * expected.abs().amax(dim=0)).all()
    assert torch.equal(maps.activations_at(33, 21), activations[:, 21, 33])


def test_scales_are_the_maps_behind_the_activations(tiny_model, image):
    maps = EvidenceMaps(ModelFacts.of(tiny_model), image)
    scales = maps.scales(5)
    assert scales.shape == (3, 64, 96)
    # one cell's centre between pixels: where nothing is interpolated the
    # largest scale is the activation; elsewhere it can only be less
    activation = maps.activations([5])[0]
    assert (scales.amax(dim=0) <= activation + 1e-6).all()
    corner = scales[:, 0, 0].max()
    assert corner == pytest.approx(float(activation[0, 0]), abs=1e-6)


@pytest.mark.parametrize('test_cfg', [dict(mode='whole'), SLIDE])
def test_model_is_left_as_it_was(projected, image, test_cfg):
    projected.test_cfg = ConfigDict(test_cfg)
    projected.train()
    before = inference_model(projected.eval(), image).seg_logits.data
    projected.train()
    pipeline = projected.cfg.pretty_text
    mmproto.explain(projected, cv2.imread(image), (5, 5))
    assert projected.training and projected.out_channels == 4
    assert 'forward' not in vars(projected.decode_head)
    assert 'extract_feat' not in vars(projected)
    assert projected.cfg.pretty_text == pipeline
    after = inference_model(projected.eval(), image).seg_logits.data
    assert torch.equal(before, after)


def test_model_is_restored_after_an_error(tiny_model, image, monkeypatch):
    def fail(*_):
        raise RuntimeError('out of memory')

    monkeypatch.setattr(tiny_model, 'postprocess_result', fail)
    with pytest.raises(RuntimeError, match='out of memory'):
        EvidenceMaps(ModelFacts.of(tiny_model), image)
    assert 'forward' not in vars(tiny_model.decode_head)
