"""Seg-Grad-CAM against closed forms and autograd."""

import sys

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from segmentors import SEGMENTORS, build_segmentor
from torch.nn import functional

from mmproto.class_activation.grad_cam import seg_grad_cam
from mmproto.class_activation.segmentor_view import Region, SegmentorView

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]


@pytest.fixture(autouse=True)
def grad_cam():
    return pytest.importorskip('pytorch_grad_cam')


def stretched(values):
    """Between 0 and 1, as every class activation map is shown."""
    values = values - values.min()
    return values / values.max()


def upsampled(values, size):
    return functional.interpolate(values[None, None], size, mode='bilinear')


@pytest.mark.smoke
@pytest.mark.parametrize('point', [(3, 2), (50, 31)])
def test_a_linear_head_has_a_closed_form(planted, pixels, point):
    """Every gradient is the weight, so the map is the rectified logit."""
    model = planted()
    view = SegmentorView.of(model, pixels)
    region = view.pixel(*point)
    maps = model.backbone(view.inputs)[0][0]  # 3,H,W
    weights = model.decode_head.conv_seg.weight[region.category, :, 0, 0]
    logit = torch.einsum('k,khw->hw', weights, maps).clamp(min=0)
    assert 0 < (logit == 0).float().mean() < 1  # the rectifier does something
    expected = stretched(upsampled(stretched(logit), (40, 56))[0, 0])
    found = seg_grad_cam(view, region)
    np.testing.assert_allclose(found, expected.detach(), atol=1e-5)
    # a sum over more pixels only changes the factor
    segment = view.segment(*point)
    assert segment.mask.sum() > 1
    np.testing.assert_allclose(seg_grad_cam(view, segment), found, atol=1e-5)


def test_the_map_lies_over_the_file(planted, pixels):
    """Resizing and padding are undone."""
    half = [PIPELINE[0], dict(type='Resize', scale=(28, 20)), PIPELINE[1]]
    model = planted(half, pad=32)
    view = SegmentorView.of(model, pixels)
    assert view.inputs.shape[2:] == (32, 32)
    assert view.prediction.shape == (40, 56)
    region = view.pixel(50, 31)
    maps = model.backbone(view.inputs)[0][0]
    weights = model.decode_head.conv_seg.weight[region.category, :, 0, 0]
    logit = torch.einsum('k,khw->hw', weights, maps).clamp(min=0)
    whole = stretched(upsampled(stretched(logit), (32, 32))[0, 0])
    expected = upsampled(whole[:20, :28], (40, 56))[0, 0].detach()
    found = seg_grad_cam(view, region)
    np.testing.assert_allclose(found, expected, atol=1e-5)


KINDS = (
    'ResNetV1c, ASPPHead',
    'HRNet, OCR',
    'SwinTransformer, UPerHead',
    'VisionTransformer, SETRUPHead',
)


@pytest.mark.parametrize('kind', KINDS)
def test_deep_models_agree_with_autograd(kind, monkeypatch):
    model = build_segmentor(SEGMENTORS[kind])
    model.cfg = ConfigDict(test_pipeline=PIPELINE)
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (64, 96, 3)).astype(np.uint8)
    view = SegmentorView.of(model, image)
    mask = view.segment(60, 20).mask
    found = [seg_grad_cam(view, Region(c, mask)) for c in range(3)]
    features = list(model.extract_feat(view.inputs))
    last = features[-1] = features[-1].detach().requires_grad_()
    monkeypatch.setattr(model, 'extract_feat', lambda _: features)
    logits = model.inference(view.inputs, [dict(view.meta)])[0]
    scores = logits[:, torch.from_numpy(mask)].sum(dim=1)
    for score, own in zip(scores, found):
        (gradient,) = torch.autograd.grad(score, last, retain_graph=True)
        weights = gradient[0].mean(dim=(1, 2))
        cam = torch.einsum('k,khw->hw', weights, last[0]).clamp(min=0)
        expected = torch.zeros(64, 96)
        if cam.any():
            cam = stretched(upsampled(stretched(cam), (64, 96))[0, 0])
            expected = cam.detach()
        np.testing.assert_allclose(own, expected, atol=2e-4)
    assert np.any(found)


def test_a_sliding_window_sees_the_whole_image(planted, pixels):
    sliding = dict(mode='slide', crop_size=(16, 16), stride=(8, 8))
    slides, whole = planted(test_cfg=sliding), planted()
    views = [SegmentorView.of(model, pixels) for model in (slides, whole)]
    region = views[1].pixel(20, 20)
    first, second = (seg_grad_cam(view, region) for view in views)
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert slides.test_cfg.mode == 'slide'


def test_the_model_is_left_as_it_was(planted, pixels):
    model = planted().train()
    view = SegmentorView.of(model, pixels)
    before = {name: w.clone() for name, w in model.state_dict().items()}
    known = set(vars(model))
    seg_grad_cam(view, view.pixel(3, 3))
    assert model.training and set(vars(model)) == known
    assert all(weight.grad is None for weight in model.parameters())
    assert all(w.equal(before[n]) for n, w in model.state_dict().items())


@pytest.mark.parametrize('category', [0, 1])
def test_two_classes_with_one_logit(planted, pixels, category):
    """The class that has no channel has the opposite gradient."""
    model = planted()
    head = model.decode_head
    weights = torch.tensor([-1.0, 2.0, 0.1])
    head.conv_seg = torch.nn.Conv2d(3, 1, 1)
    head.conv_seg.weight.data[:] = weights[:, None, None]
    head.out_channels = model.out_channels = 1
    head.threshold = 0.5
    view = SegmentorView.of(model, pixels)
    maps = model.backbone(view.inputs)[0]
    size = (40, 56)
    logit = upsampled(head([maps])[0, 0], size)[0, 0].detach()
    np.testing.assert_allclose(
        view.probabilities[1], logit.sigmoid(), atol=1e-5
    )
    np.testing.assert_allclose(view.probabilities.sum(dim=0), 1, atol=1e-5)
    y, x = np.argwhere(view.prediction == category)[0]
    found = seg_grad_cam(view, view.pixel(int(x), int(y)))
    signed = weights if category else -weights
    cam = torch.einsum('k,khw->hw', signed, maps[0]).clamp(min=0)
    expected = stretched(upsampled(stretched(cam), size)[0, 0])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_has_no_places_has_no_map(planted, pixels):
    model = planted()
    view = SegmentorView.of(model, pixels)
    model.backbone.forward = lambda inputs: (inputs.mean(dim=(2, 3)),)
    with pytest.raises(ValueError, match='the decode head reads no map at 0'):
        seg_grad_cam(view, view.pixel(0, 0))


def test_a_missing_package_is_named(planted, pixels, monkeypatch):
    view = SegmentorView.of(planted(), pixels)
    monkeypatch.setitem(sys.modules, 'pytorch_grad_cam', None)
    with pytest.raises(ImportError, match=r'pip install "mmproto\[cam\]"'):
        seg_grad_cam(view, view.pixel(0, 0))
