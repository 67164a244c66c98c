"""The config and the frozen weights of a concept model."""

import copy

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from segmentors import BN, SEGMENTORS, build_segmentor, fcn

from mmproto.fitting.model_config import (
    concept_model_config,
    frozen_backbone,
    frozen_weights,
)
from mmproto.fitting.stages import StageChoice

CHOICE = StageChoice(
    stages=(0, 3),
    channels=(8, 64),
    strides=(4, 8),
    size_index=3,
    pool=1,
    stride=8,
    dilations=(1, 2),
    reasons=('why',),
)
PLAIN = 'ResNetV1c, FCNHead and an auxiliary one'


def segmentor(name=PLAIN, **head):
    """Config and model of a segmentor with changes in its (last) head."""
    config = copy.deepcopy(SEGMENTORS[name])
    last = config['decode_head']
    (last[-1] if isinstance(last, list) else last).update(head)
    return config, build_segmentor(copy.deepcopy(config))


def test_what_is_taken_over_and_what_is_not():
    config, box = segmentor(
        align_corners=True,
        ignore_index=7,
        num_classes=5,
        loss_decode=dict(type='CrossEntropyLoss', class_weight=[2.0] * 5),
    )
    config['test_cfg'] = dict(
        mode='slide', crop_size=(64, 64), stride=(32, 32)
    )
    built = concept_model_config(config, box, CHOICE, 9)
    assert built['type'] == 'EncoderDecoder'
    assert built['data_preprocessor'] == config['data_preprocessor']
    assert built['backbone'] == config['backbone']
    assert built['test_cfg'] == config['test_cfg']
    assert 'auxiliary_head' not in built
    neck, head = built['neck'], built['decode_head']
    assert neck['in_channels'] == [8, 64]
    assert neck['in_index'] == [0, 3]
    assert neck['size_index'] == 3
    assert neck['dilations'] == (1, 2)
    assert neck['norm_cfg'] == dict(type='BN', requires_grad=True)
    assert head['num_classes'] == 5
    assert head['num_concepts'] == 9
    assert head['align_corners'] is True
    assert head['ignore_index'] == 7
    assert 'class_weight' not in head['loss_decode']


def test_one_coarser_stage():
    config, box = segmentor()
    choice = StageChoice(
        (1,), (16,), (8,), 1, pool=2, stride=16, dilations=(1,), reasons=()
    )
    neck = concept_model_config(config, box, choice, 4)['neck']
    assert neck['pool'] == 2
    assert 'size_index' not in neck
    model = MODELS.build(neck)
    assert model([None, torch.ones(1, 16, 7, 6)])[0].shape == (1, 128, 4, 3)


def test_nothing_is_said_about_initial_weights():
    init = dict(type='Pretrained', checkpoint='https://nowhere/x.pth')
    backbone = dict(
        type='BiSeNetV1',
        backbone_cfg=dict(type='ResNet', depth=18, init_cfg=init),
        init_cfg=[init],
        pretrained='x.pth',
    )
    assert frozen_backbone(dict(backbone=backbone)) == dict(
        type='BiSeNetV1', backbone_cfg=dict(type='ResNet', depth=18)
    )
    assert backbone['pretrained'] == 'x.pth'  # the user's stays


@pytest.mark.parametrize('said', [{}, dict(pretrained=True)])
def test_timm_asks_no_hub(said):
    backbone = dict(type='TIMMBackbone', model_name='x', **said)
    frozen = frozen_backbone(dict(backbone=backbone))
    assert frozen['pretrained'] is False


def test_a_norm_that_is_synchronised_stays_so():
    config, box = segmentor()
    config['decode_head']['norm_cfg'] = dict(type='SyncBN')
    neck = concept_model_config(config, box, CHOICE, 4)['neck']
    assert neck['norm_cfg']['type'] == 'SyncBN'


def test_the_last_head_of_a_cascade_counts():
    config, box = segmentor('HRNet, OCR', ignore_index=9, align_corners=True)
    built = concept_model_config(config, box, CHOICE, 4, 'model')
    assert built['decode_head']['ignore_index'] == 9
    assert built['decode_head']['align_corners'] is True
    kept = built['black_box']
    assert kept['type'] == 'CascadeEncoderDecoder'
    assert kept['num_stages'] == 2
    assert [h['type'] for h in kept['decode_head']] == ['FCNHead', 'OCRHead']
    assert not {'backbone', 'neck', 'data_preprocessor'} & set(kept)


def test_weights_have_the_names_of_the_concept_model():
    state = {
        'backbone.stem.weight': 1,
        'neck.convs.0.weight': 2,
        'decode_head.0.conv_seg.weight': 3,
        'auxiliary_head.conv_seg.weight': 4,
    }
    model = dict(neck=dict(type='FPN'))
    assert frozen_weights(state, model) == {
        'backbone.backbone.stem.weight': 1,
        'backbone.neck.convs.0.weight': 2,
    }
    assert frozen_weights(state, model, 'model') == {
        'backbone.backbone.stem.weight': 1,
        'backbone.neck.convs.0.weight': 2,
        'black_box.decode_head.0.conv_seg.weight': 3,
    }
    assert frozen_weights(state, {}) == {'backbone.stem.weight': 1}


def test_a_config_that_inherits(tmp_path):
    (tmp_path / 'base.py').write_text(
        Config(dict(model=SEGMENTORS[PLAIN])).pretty_text
    )
    (tmp_path / 'mine.py').write_text(
        "_base_ = './base.py'\n"
        'model = dict(pretrained="x.pth", decode_head=dict(num_classes=7))\n'
    )
    model = Config.fromfile(tmp_path / 'mine.py').model
    box = build_segmentor(
        {k: v for k, v in model.items() if k != 'pretrained'}
    )
    built = concept_model_config(model, box, CHOICE, 4, 'model')
    assert built['decode_head']['num_classes'] == 7
    assert 'pretrained' not in str(built)
    # what is written to a file and read again is the same
    (tmp_path / 'new.py').write_text(Config(dict(model=built)).pretty_text)
    assert Config.fromfile(tmp_path / 'new.py').model.to_dict() == built
    surrogate = MODELS.build(Config(dict(model=built)).model)
    assert surrogate.black_box.num_classes == 7


def test_two_classes_in_one_channel():
    config, box = segmentor(num_classes=2, out_channels=1, threshold=0.4)
    built = concept_model_config(config, box, CHOICE, 4, 'model')
    model = MODELS.build(Config(dict(model=built)).model)
    assert model.out_channels == 2
    assert model.black_box.out_channels == 1
    assert model.black_box.decode_head.threshold == 0.4


def test_a_single_class_is_refused():
    config, box = segmentor(num_classes=1)
    with pytest.raises(ValueError, match='num_classes=1, one sigmoid'):
        concept_model_config(config, box, CHOICE, 4)


def test_a_head_that_knows_no_ignored_label_has_255():
    config, box = segmentor()
    config['decode_head'] = fcn(64, 3, norm_cfg=BN)
    del box.decode_head.ignore_index
    built = concept_model_config(config, box, CHOICE, 4)
    assert built['decode_head']['ignore_index'] == 255
