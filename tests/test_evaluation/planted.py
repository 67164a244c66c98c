"""Models whose concepts are known: the network only reads codes.

Drawn scenes get new pictures: red is 6 times the part id, green is random. A
planted backbone turns one of the two into one-hot latents at the centre of
every 4x4 block, so concepts are perfect parts, classes, or noise.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS
from torch import nn

from mmproto.datasets.street_scenes import CLASS_NAMES, PARTS
from mmproto.datasets.street_scenes.writer import write_street_scenes
from mmproto.evaluation.run import METRICS, RERUNNING
from mmproto.models.decode_heads import PrototypeHead

SIZE = (128, 256)
IMAGES = 6
STEP = 6  # grey levels between the codes of two parts
CODES = len(PARTS) + 1  # code 0 is no part
STRIDE = 4
UNKNOWN = CLASS_NAMES.index('car')
KINDS = ('parts', 'classes', 'noise', 'duplicates', 'tampered')


@MODELS.register_module()
class PlantedBackbone(nn.Module):
    """Reads the code of one channel; three equal scales."""

    def __init__(self, channel):
        super().__init__()
        self.channel = channel

    def forward(self, x):
        centre = x[:, self.channel, STRIDE // 2 :: STRIDE, 2::STRIDE]
        code = centre.round().long().clamp(0, CODES - 1)  # N,H,W
        latents = F.one_hot(code, CODES).permute(0, 3, 1, 2).float()
        return (latents,) * 3


@MODELS.register_module()
class TamperedHead(PrototypeHead):
    """Adds evidence that no concept gave: half of that of another class."""

    def forward(self, inputs):
        evidence = super().forward(inputs)
        return evidence + 0.5 * evidence.roll(1, dims=1)


def plant_data(root):
    """Write drawn scenes whose pictures are codes."""
    write_street_scenes(root, 1, IMAGES, seed=0, size=SIZE)
    rng = np.random.default_rng(0)
    for mask in sorted(root.glob('gtFine/val/*/*_partIds.png')):
        parts = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
        green = rng.integers(0, STEP * CODES, parts.shape)
        coded = np.stack([0 * parts, green, STEP * parts], axis=2)  # BGR
        name = mask.name.replace('_gtFine_partIds', '_leftImg8bit')
        folder = root / 'leftImg8bit' / 'val' / mask.parent.name
        cv2.imwrite(str(folder / name), coded.astype(np.uint8))


def class_of_code():
    """Class of every part id, (CODES,); -1 for no part."""
    return torch.tensor(
        [-1] + [CLASS_NAMES.index(part.class_name) for part in PARTS]
    )


def plant_config(root, kind, metrics=METRICS, ood_ids=(254,)):
    """Config of one kind of planted model, tested by ``metrics``."""
    concepts = {'classes': len(CLASS_NAMES), 'duplicates': 2 * CODES}
    loader = dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type='mmproto.StreetToyDataset',
            data_root=str(root),
            data_prefix=dict(
                img_path='leftImg8bit/val', seg_map_path='gtFine/val'
            ),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                dict(type='PackSegInputs'),
            ],
        ),
    )
    model = dict(
        type='EncoderDecoder',
        data_preprocessor=dict(
            type='SegDataPreProcessor',
            mean=[0.0, 0.0, 0.0],
            std=[float(STEP)] * 3,  # one unit between two codes
            bgr_to_rgb=True,
        ),
        backbone=dict(type='PlantedBackbone', channel=int(kind == 'noise')),
        decode_head=dict(
            type='TamperedHead'
            if kind == 'tampered'
            else 'mmproto.PrototypeHead',
            in_channels=CODES,
            channels=CODES,
            num_classes=len(CLASS_NAMES),
            num_concepts=concepts.get(kind, CODES),
            prototype_layer=dict(
                type='mmproto.CosinePrototypes', temperature=0.05
            ),
            loss_decode=dict(type='CrossEntropyLoss'),
        ),
        test_cfg=dict(mode='whole'),
    )
    return Config(
        dict(
            default_scope='mmseg',
            model=model,
            test_dataloader=loader,
            test_cfg=dict(type='TestLoop'),
            test_evaluator=[
                dict(type=f'mmproto.{name}')
                | (dict(interval=1) if name in RERUNNING else {})
                | (dict(ood_ids=ood_ids) if name == 'OODMetric' else {})
                for name in metrics
            ],
            custom_hooks=[dict(type='mmproto.ExplanationMetricsHook')],
            work_dir=str(root / 'work'),
            log_level='ERROR',
        )
    )


@torch.no_grad()
def plant_concepts(head, kind):
    """Set prototypes and weights to what the concepts are meant to be."""
    classes = len(CLASS_NAMES)
    owner = F.one_hot(class_of_code().clamp(min=0), classes).float()
    owner[0] = 0  # no part, no class; CODES,C
    identity = torch.eye(CODES)
    if kind == 'classes':
        vectors, weights = owner.T, torch.eye(classes)
    elif kind == 'duplicates':
        vectors, weights = identity.repeat(2, 1), owner.repeat(2, 1).T
    else:
        vectors, weights = identity, owner.T
    if kind == 'unaware':  # of the class UNKNOWN: its parts look like none
        vectors = identity.clone()
        vectors[class_of_code() == UNKNOWN] = identity[0]
    head.prototype_layer.set_vectors(vectors)
    head.conv_seg.weight.copy_(weights[:, :, None, None])


def measure(root, kind, metrics=METRICS, ood_ids=(254,), **changes):
    """Test a planted model; reports of its metrics by name."""
    cfg = plant_config(root, kind, metrics, ood_ids)
    cfg.merge_from_dict(changes)
    init_default_scope('mmseg')
    cfg.experiment_name = f'planted_{kind}_{np.random.randint(1 << 30)}'
    runner = Runner.from_cfg(cfg)
    plant_concepts(runner.model.decode_head, kind)
    runner.test()
    return {
        type(metric).__name__: metric.report
        for metric in runner.test_loop.evaluator.metrics
    }
