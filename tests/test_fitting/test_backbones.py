"""Concept heads on the backbones and heads of mmseg."""

import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from segmentors import CLASSES, SEGMENTORS, build_segmentor

from mmproto.fitting.found_maps import find_maps
from mmproto.fitting.model_config import (
    concept_model_config,
    frozen_weights,
)
from mmproto.fitting.stages import choose_stages

SIZE = (128, 192)
SIZES = {'MobileNetV3, LRASPPHead': (392, 392)}  # pools 49 x 49 cells
PYRAMID = (0, 1, 2, 3), (4, 8, 16, 32), 8, 1, (1, 2, 4, 8)
# By hand, from the papers' figures: stages, strides, working stride, how many
# times coarser than the stage, dilation rates.
EXPECTED = {
    'ResNetV1c, ASPPHead': ((3,), (8,), 8, 1, (1, 2, 4, 8)),
    'ResNetV1c, DepthwiseSeparableASPPHead': (
        (0, 3), (4, 8), 8, 1, (1, 2, 4, 8),
    ),
    'ResNetV1c, PSPHead': ((3,), (8,), 8, 1, (1, 2, 4, 8)),
    'ResNetV1c, FCNHead and an auxiliary one': (
        (3,), (8,), 8, 1, (1, 2, 4, 8),
    ),
    'ResNetV1c, FPN neck, PointRend': PYRAMID,
    'ResNetV1c, JPU, PSPHead': ((2,), (8,), 8, 1, (1, 2, 4, 8)),
    'HRNet, FCNHead': PYRAMID,
    'HRNet, OCR': PYRAMID,
    'MobileNetV3, LRASPPHead': ((0, 1, 2), (2, 4, 8), 8, 1, (1, 2, 4, 8)),
    'TIMMBackbone EfficientNet-Lite0, ASPPHead': (
        (4,), (16,), 16, 1, (1, 2, 4),
    ),
    'BiSeNetV1, FCNHead': ((0,), (8,), 8, 1, (1, 2, 4, 8)),
    'BiSeNetV2, FCNHead': ((0,), (8,), 8, 1, (1, 2, 4, 8)),
    'PIDNet, PIDHead': ((0,), (8,), 8, 1, (1, 2, 4, 8)),
    'DDRNet, DDRHead': ((0,), (8,), 8, 1, (1, 2, 4, 8)),
    'STDCContextPathNet, FCNHead': ((3,), (8,), 8, 1, (1, 2, 4, 8)),
    'FastSCNN, DepthwiseSeparableFCNHead': ((2,), (8,), 8, 1, (1, 2, 4, 8)),
    'CGNet, FCNHead': ((2,), (8,), 8, 1, (1, 2, 4, 8)),
    'ERFNet, FCNHead': ((0,), (2,), 8, 4, (1, 2, 4, 8)),
    'ICNet, ICNeck, FCNHead': ((2,), (8,), 8, 1, (1, 2, 4, 8)),
    'UNet, FCNHead': ((4,), (1,), 8, 8, (1, 2, 4, 8)),
    'MixVisionTransformer, SegformerHead': PYRAMID,
    'SwinTransformer, UPerHead': PYRAMID,
    'TIMMBackbone ConvNeXt, UPerHead': PYRAMID,
    'PCPVT, FPN neck, FPNHead': PYRAMID,
    'VisionTransformer, SETRUPHead': ((3,), (16,), 16, 1, (1, 2, 4)),
    'VisionTransformer, MLANeck, SETRMLAHead': (
        (0, 1, 2, 3), (16, 16, 16, 16), 16, 1, (1, 2, 4),
    ),
    'VisionTransformer, MultiLevelNeck, UPerHead': PYRAMID,
    'VisionTransformer, SegmenterMaskTransformerHead': (
        (0,), (16,), 16, 1, (1, 2, 4),
    ),
    'BEiT, Feature2Pyramid, UPerHead': PYRAMID,
}  # fmt: skip
QUICK = (
    'ResNetV1c, DepthwiseSeparableASPPHead',
    'HRNet, OCR',
    'PIDNet, PIDHead',
    'PCPVT, FPN neck, FPNHead',
)
NAMES = [
    pytest.param(name, marks=[pytest.mark.smoke] * (name in QUICK))
    for name in EXPECTED
]


def build(name):
    """Build a segmentor; skip what mmseg cannot run here."""
    if 'TIMM' in name:
        pytest.importorskip('timm')
    if 'PointRend' in name:
        ops = pytest.importorskip('mmcv.ops', reason='needs compiled ops')
        if not callable(getattr(ops, 'point_sample', None)):
            pytest.skip('PointRend needs the compiled ops of mmcv')
    return build_segmentor(copy.deepcopy(SEGMENTORS[name]))


def picture(name):
    torch.manual_seed(1)
    return torch.randn(1, 3, *SIZES.get(name, SIZE))


def plain(output):
    """A backbone's output as a list."""
    return [output] if isinstance(output, torch.Tensor) else list(output)


def surrogate_of(name):
    """The segmentor, the choice, and its surrogate with frozen weights."""
    box, image = build(name), picture(name)
    choice = choose_stages(find_maps(box, image))
    config = SEGMENTORS[name]
    built = concept_model_config(config, box, choice, 6, 'model')
    model = MODELS.build(ConfigDict(built))
    weights = frozen_weights(box.state_dict(), config, 'model')
    loaded = model.load_state_dict(weights, strict=False)
    assert not loaded.unexpected_keys
    assert all(
        key.startswith(('neck.', 'decode_head.'))
        for key in loaded.missing_keys
    )
    return box, choice, model


def labels(images):
    samples = []
    for seed in range(len(images)):
        torch.manual_seed(seed)
        size = images.shape[2:]
        sample = SegDataSample(metainfo=dict(img_shape=size, ori_shape=size))
        drawn = torch.randint(CLASSES, (1, *size))
        sample.gt_sem_seg = PixelData(data=drawn)
        samples.append(sample)
    return samples


def test_the_table_has_every_segmentor():
    assert set(EXPECTED) == set(SEGMENTORS)


@pytest.mark.parametrize('name', NAMES)
def test_concepts_on_the_frozen_backbone(name):
    box, choice, model = surrogate_of(name)
    stages, strides, stride, pool, dilations = EXPECTED[name]
    assert choice.stages == stages
    assert choice.strides == strides
    assert (choice.stride, choice.pool) == (stride, pool)
    assert choice.dilations == dilations
    images = picture(name)
    model.eval()
    with torch.no_grad():
        frozen = model.backbone(images)
        theirs = box.neck(box.backbone(images)) if box.with_neck else (
            box.backbone(images)
        )  # fmt: skip
    check_equal(plain(frozen), plain(theirs))
    # what is read: no less, and channels as the backbone has them
    pooled = model.neck.pooled(frozen)
    assert [i for i, x in enumerate(pooled) if x is not None] == list(stages)
    cells = tuple(-(-side // stride) for side in images.shape[2:])
    assert model.neck(frozen)[0].shape[2:] == cells
    check_equal(model.neck(frozen), model.neck(pooled))
    check_training(model, frozen, images)
    check_evidence(model, frozen)
    check_black_box(model, box, images)


def check_equal(ours, theirs):
    assert len(ours) == len(theirs)
    assert all(torch.equal(x, y) for x, y in zip(ours, theirs))


def check_training(model, frozen, images):
    """A step of neck and head: every weight of theirs has a gradient."""
    model.train()
    samples = labels(images)
    losses = model.decode_head.loss(model.neck(frozen), samples, {})
    losses['loss_ce'].backward()
    trained = [
        *model.neck.named_parameters(),
        *model.decode_head.named_parameters(),
    ]
    still = [k for k, p in trained if p.grad is None or not p.grad.any()]
    assert not still
    assert all(p.grad is None for p in model.backbone.parameters())
    model.eval()


def check_evidence(model, frozen):
    """Evidence is the sum over concepts of weight times activation."""
    with torch.no_grad():
        maps = model.neck(frozen)
        evidence = model.decode_head(maps)
        activations, _ = model.decode_head.activations(maps)
    weights = model.decode_head.class_weights
    parts = weights[None, :, :, None, None] * activations[:, None]
    torch.testing.assert_close(evidence, parts.sum(dim=2))
    assert evidence.std() > 0


def check_black_box(model, box, images):
    """The surrogate can say what the segmentor itself says."""
    size = images.shape[2:]
    meta = dict(ori_shape=size, img_shape=size, pad_shape=size)
    metas = [dict(meta, padding_size=[0, 0, 0, 0])] * len(images)
    with torch.no_grad():
        ours = model.black_box.inference(images, metas)
        theirs = box.inference(images, metas)
    # a matrix product rounds by where its factors lie in memory
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    assert theirs.std() > 0


def test_maps_in_a_list_of_lists_are_refused():
    vit = dict(
        SEGMENTORS['VisionTransformer, SETRUPHead']['backbone'],
        output_cls_token=True,
    )
    config = copy.deepcopy(SEGMENTORS['VisionTransformer, SETRUPHead'])
    config['backbone'] = vit
    config['decode_head'] = dict(
        type='DPTHead',
        in_channels=(16, 16, 16, 16),
        channels=8,
        embed_dims=16,
        post_process_channels=[8, 8, 8, 8],
        num_classes=CLASSES,
        input_transform='multiple_select',
        in_index=(0, 1, 2, 3),
        norm_cfg=dict(type='BN'),
    )
    config.pop('auxiliary_head')
    found = find_maps(build_segmentor(config), picture(''))
    with pytest.raises(ValueError) as error:
        choose_stages(found)
    assert '[(1, 16, 8, 12), (1, 16)]' in str(error.value)
    assert 'is not a map (N,C,H,W)' in str(error.value)


def test_a_dict_of_maps_is_refused():
    box = build('ResNetV1c, PSPHead')
    given = type(box.backbone).forward
    box.backbone.forward = lambda x: {'res5': given(box.backbone, x)[3]}
    with pytest.raises(ValueError, match=r'ResNetV1c gives a dict with res5'):
        find_maps(box, picture(''))
