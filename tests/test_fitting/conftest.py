"""A black box on the tiny data: config file, checkpoint and model."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, save_checkpoint
from mmseg.registry import MODELS


@pytest.fixture
def black_box(tiny_config, tmp_path):
    """A trained FCN: paths of its config and checkpoint, and the model."""
    cfg = tiny_config
    cfg.model = dict(
        type='EncoderDecoder',
        data_preprocessor=cfg.model.data_preprocessor,
        backbone=cfg.model.backbone,
        decode_head=dict(
            type='FCNHead',
            in_channels=128,
            in_index=3,
            channels=16,
            num_classes=4,
            num_convs=1,
            norm_cfg=dict(type='BN'),
            loss_decode=dict(type='CrossEntropyLoss'),
        ),
        test_cfg=dict(mode='whole'),
    )
    cfg.pop('custom_hooks', None)
    config, checkpoint = tmp_path / 'box.py', tmp_path / 'box.pth'
    cfg.dump(config)
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(config).model)
    model.init_weights()
    _train(model, cfg)
    meta = dict(dataset_meta=dict(classes=CLASSES, palette=PALETTE))
    save_checkpoint(
        dict(meta=meta, state_dict=model.state_dict()), str(checkpoint)
    )
    return SimpleNamespace(
        config=config, checkpoint=checkpoint, model=model.eval()
    )


CLASSES = ('road', 'wall', 'car', 'sign')
PALETTE = [[90, 90, 90], [160, 70, 40], [60, 60, 200], [90, 200, 60]]


def _train(model, cfg):
    """A few steps: its predictions are neither noise nor one class."""
    loader = Runner.build_dataloader(cfg.val_dataloader)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(8):
        for batch in loader:
            data = model.data_preprocessor(batch, True)
            losses = model(**data, mode='loss')
            optimizer.zero_grad()
            losses['decode.loss_ce'].backward()
            optimizer.step()
