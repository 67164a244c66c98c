"""Small segmentors to explain, and concept models that stand in for them."""

import copy

import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

NORM = dict(type='BN', requires_grad=True)
RECORD = dict(
    target='model',
    black_box='fcn_street',
    agreement=0.963,
    images=101,
    data_set='CamVidDataset',
    classes=dict(road=0.99, wall=0.9, car=0.5, sign=None),
    min_agreement=0.9,
)
# places and normalised colours of road, wall and car in the tiny images
SCENE = (
    ((slice(32, 64), slice(96)), (-0.6, -0.5, -0.2)),
    ((slice(32), slice(96)), (0.6, -0.8, -1.1)),
    ((slice(20, 40), slice(30, 50)), (-1.1, -1.0, 1.6)),
)
LINE = (
    'surrogate; agrees with the model at 96.3 % of pixels '
    '(101 images of CamVidDataset)'
)

LONG = RECORD | dict(
    agreement=0.5, data_set='CityscapesDataset', reweighted=[1, 2]
)


def fcn(channels=8, **options):
    """Config of a head on the last stage of the tiny backbone."""
    head = dict(
        type='FCNHead',
        in_channels=128,
        in_index=3,
        channels=channels,
        num_convs=1,
        num_classes=4,
        norm_cfg=NORM,
        align_corners=True,
    )
    return head | options


def black_box(kind='plain', test_cfg=None):
    """Config of a segmentor without what it shares with a concept model."""
    box = dict(test_cfg=test_cfg or dict(mode='whole'))
    if kind == 'plain':
        return box | dict(type='EncoderDecoder', decode_head=fcn())
    ocr = dict(
        type='OCRHead',
        in_channels=128,
        in_index=3,
        channels=8,
        ocr_channels=4,
        num_classes=4,
        norm_cfg=NORM,
        align_corners=False,
    )
    heads = [fcn(align_corners=False), ocr]
    return box | dict(
        type='CascadeEncoderDecoder', num_stages=2, decode_head=heads
    )


def surrogate_config(cfg, box):
    """Turn the config of a tiny model into that of a surrogate, in place."""
    cfg.model.type = 'mmproto.SurrogateEncoderDecoder'
    cfg.model.black_box = ConfigDict(copy.deepcopy(box))
    return cfg


def build_surrogate(cfg, box, record=RECORD):
    """Build a surrogate with random weights whose heads decide sharply."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(surrogate_config(cfg, box).model)
    model.init_weights()
    model.cfg = cfg
    model.dataset_meta = dict(
        classes=('road', 'wall', 'car', 'sign'),
        palette=[[90, 90, 90], [160, 70, 40], [60, 60, 200], [90, 200, 60]],
    )
    if record is not None:
        model.dataset_meta['surrogate'] = copy.deepcopy(record)
    _balance(model.eval())
    return model


def _balance(model):
    """Let no class of the black box win everywhere."""
    box = model.black_box
    heads = box.decode_head
    last = heads[-1] if isinstance(heads, torch.nn.ModuleList) else heads
    image = torch.randn(1, 3, 64, 96) / 5
    for place, color in SCENE:
        image[..., place[0], place[1]] += torch.tensor(color)[:, None, None]
    with torch.no_grad():
        last.conv_seg.weight.normal_()
        logits = box(image)[0].flatten(1)  # C,n
        spread = logits.std(dim=1)
        last.conv_seg.weight /= spread[:, None, None, None]
        last.conv_seg.bias.copy_(-logits.mean(dim=1) / spread)


def users_model(cfg, box, surrogate):
    """Build the segmentor as its user has it, with the same weights."""
    own = dict(
        cfg.model.to_dict(),
        **{k: v for k, v in box.items() if k != 'type'},
    )
    for name in ('neck', 'black_box'):
        own.pop(name)
    model = MODELS.build(ConfigDict(own, type=box['type'])).eval()
    state = {
        key.removeprefix('black_box.'): value
        for key, value in surrogate.state_dict().items()
        if key.startswith(('backbone.', 'black_box.'))
    }
    model.load_state_dict(state, strict=True)
    return model
