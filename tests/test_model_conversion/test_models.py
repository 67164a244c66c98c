"""Whole public models, in mmproto's segmentor."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.models.backbones import ResNet
from mmseg.registry import MODELS
from public_models import (
    PublicHead,
    flat_features,
    forward_features,
    random_features,
)

from mmproto.model_conversion import convert_protoseg, convert_scaleprotoseg

CONFIGS = Path(__file__).parents[2] / 'configs' / 'relatives'


@pytest.fixture(scope='module')
def features():
    return random_features(channels=8)


def segmentor(config, classes=3):
    """A shipped config with 8 latent channels and few classes."""
    init_default_scope('mmseg')
    model = Config.fromfile(CONFIGS / f'{config}_r101_cityscapes.py').model
    model.backbone.init_cfg = None  # no weights from elsewhere
    model.neck.channels = 8
    head = model.decode_head
    head.update(
        in_channels=8,
        channels=8,
        num_concepts=head.num_concepts * classes // head.num_classes,
        num_classes=classes,
    )
    return MODELS.build(model).eval()


@pytest.mark.parametrize(
    ('config', 'convert', 'scales', 'size', 'groups'),
    [
        ('protoseg', convert_protoseg, 1, 10, 0),
        ('scaleprotoseg_scales', convert_scaleprotoseg, 4, 3, 0),
        ('scaleprotoseg', convert_scaleprotoseg, 4, 3, 3),
    ],
)
def test_segmentor_gives_the_public_logits(
    features, config, convert, scales, size, groups
):
    public = PublicHead(3, scales, size, 8, groups, pruned=(1, 4, 5, 11))
    state = convert({**features, **public.state}, identity=public.identity)
    model = segmentor(config)
    model.load_state_dict(state)  # strict
    # odd: the public max-pooling rounds sizes up, mmseg's down
    image = torch.randn(1, 3, 65, 129)
    with torch.no_grad():
        maps = forward_features(features, image)
        maps = [sum(maps)] if scales == 1 else maps
        expected = public.forward([x.sigmoid() for x in maps])
        logits = model._forward(image)
    assert expected.std() > 0.1
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_backbone_has_the_names_and_shapes_of_mmseg(features):
    state = convert_protoseg({**features, **PublicHead(3, 1, 10, 8).state})
    prefix = 'backbone.'
    backbone = {
        name.removeprefix(prefix): value
        for name, value in state.items()
        if name.startswith(prefix)
    }
    model = ResNet(depth=101, style='caffe')
    expected = {n: (v.shape, v.dtype) for n, v in model.state_dict().items()}
    assert expected == {n: (v.shape, v.dtype) for n, v in backbone.items()}
    old = 'features.base.layer4.block23.conv3x3.bn.num_batches_tracked'
    new = 'layer3.22.bn2.num_batches_tracked'
    assert backbone[new] == features[old]


def test_real_sizes_and_prefixes_and_no_counters():
    public = PublicHead(19, 4, 3, groups=3)
    state = {
        f'module.ppnet.{name}': value
        for name, value in {**flat_features(), **public.state}.items()
        if not name.endswith('num_batches_tracked')
    }
    state = convert_scaleprotoseg(state)
    assert state['neck.branches.3.conv.weight'].shape == (64, 2048, 3, 3)
    vectors = state['decode_head.prototype_layer.vectors']
    assert vectors.shape == (228, 64)
    assert state['decode_head.conv_seg.weight'].shape == (19, 57, 1, 1)
    assert state['decode_head.concept_pooling.weight'].shape == (19, 3, 12)
    assert state['backbone.bn1.num_batches_tracked'] == 0


def change(state, remove='', **added):
    kept = {n: v for n, v in state.items() if not (remove and remove in n)}
    return {**kept, **added}


@pytest.mark.parametrize(
    ('remove', 'added', 'message'),
    [
        ('aspp.c3', {}, '2 missing: features.base.aspp.c3.weight, feat'),
        ('layer4', {}, r'\d+ missing: .*layer4.* and \d+ more'),
        ('prototype_vectors', {}, '1 missing: prototype_vectors'),
        ('last_layer', {}, '1 missing: last_layer.weight'),
        (
            '',
            {'add_on_layers.0.weight': (8, 8)},
            '1 unexpected: add_on_layers',
        ),
        (
            '',
            {'features.base.aspp.c1.weight': (16, 2048, 3, 3)},
            r'1 wrong: .*aspp.c1.weight of shape \(16, 2048, 3, 3\) in place '
            r'of \(8, 2048, 3, 3\)',
        ),
        ('', {'prototype_vectors': (30, 8)}, r'of \(any, any, 1, 1\)'),
        ('', {'last_layer.weight': (3, 29)}, r'in place of \(3, 30\)'),
    ],
)
def test_other_models_are_refused(remove, added, message):
    state = {**flat_features(channels=8), **PublicHead(3, 1, 10, 8).state}
    added = {name: torch.zeros(shape) for name, shape in added.items()}
    with pytest.raises(ValueError) as error:
        convert_protoseg(change(state, remove, **added))
    assert re.search(message, str(error.value))


def test_groups_are_no_protoseg():
    public = PublicHead(3, 1, 10, 8, groups=2)
    with pytest.raises(ValueError, match='1 missing: last_layer.weight; 4 un'):
        convert_protoseg({**flat_features(channels=8), **public.state})


def test_group_that_is_missing_is_named():
    state = {**flat_features(8), **PublicHead(3, 4, 3, 8, groups=2).state}
    with pytest.raises(ValueError, match='1 missing: group_projection.1.we'):
        convert_scaleprotoseg(change(state, 'group_projection.1'))
