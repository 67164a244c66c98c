"""A cache of the tiny data, and a count of what the backbone does."""

import cv2
import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.registry import MODELS

from mmproto.feature_cache import CacheOptions, build_cache


@pytest.fixture
def keep(tiny_model, tiny_config, tmp_path):
    """Builds a cache of the tiny model with options."""

    def build(root='caches', cfg=tiny_config, **options):
        return build_cache(
            tiny_model, cfg, CacheOptions(**options), tmp_path / root
        )

    return build


@pytest.fixture
def sizes_config(tiny_config, tmp_path):
    """The tiny config, with images of six sizes."""
    source = tiny_config.train_dataloader.dataset.data_root
    loader = tiny_config.train_dataloader
    for kind in ('leftImg8bit', 'gtFine'):
        folder = tmp_path / 'sizes' / kind / 'train' / 'town'
        folder.mkdir(parents=True)
        paths = sorted(f'{source}/{kind}/train/town/{n}' for n in names(kind))
        for index, path in enumerate(paths):
            image = cv2.imread(path, cv2.IMREAD_UNCHANGED)
            cut = image[4 * index :, : 96 - 8 * index]
            cv2.imwrite(str(folder / path.rpartition('/')[2]), cut)
    loader.dataset.data_root = str(tmp_path / 'sizes')
    return tiny_config


def names(kind):
    ends = {'leftImg8bit': '', 'gtFine': '_labelTrainIds'}
    return [f'town_{i:06d}_000019_{kind}{ends[kind]}.png' for i in range(6)]


@pytest.fixture
def with_black_box(tiny_model, tiny_config):
    """The tiny model, with a black box on the same backbone."""
    cfg = ConfigDict(
        type='EncoderDecoder',
        backbone=tiny_config.model.backbone,
        decode_head=dict(
            type='FCNHead',
            in_channels=128,
            channels=16,
            num_classes=4,
            num_convs=1,
            norm_cfg=tiny_config.norm_cfg,
        ),
        test_cfg=dict(mode='whole'),
    )
    torch.manual_seed(1)
    box = MODELS.build(cfg)
    torch.nn.init.normal_(box.decode_head.conv_seg.weight)
    box.backbone = tiny_model.backbone
    tiny_model.black_box = box.eval()
    tiny_config.model.black_box = cfg
    return tiny_model
