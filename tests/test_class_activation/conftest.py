"""A segmentor whose class activation maps are known in closed form."""

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from segmentors import RESNET, build_segmentor, fcn, model
from torch import nn
from torch.nn import functional

CELL = 4  # pixels along a side of a cell of its map
WEIGHTS = torch.tensor([[1.0, -0.5, 0.2], [-1.0, 2.0, 0.1], [0.3, 0.2, -1.5]])
PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]


class MeanColours(nn.Module):
    """A backbone whose map is the mean colour of each cell."""

    def forward(self, inputs):
        return (functional.avg_pool2d(inputs, CELL),)


@pytest.fixture
def planted():
    """Builds a 1x1 head on mean colours; logits are linear in the image."""

    def build(pipeline=PIPELINE, pad=None, **changes):
        cfg = model(RESNET, fcn(3, 0, num_convs=0, channels=3), **changes)
        if pad:
            cfg['data_preprocessor']['test_cfg'] = dict(size_divisor=pad)
        built = build_segmentor(cfg)
        built.backbone = MeanColours()
        with torch.no_grad():
            built.decode_head.conv_seg.weight.copy_(WEIGHTS[..., None, None])
            built.decode_head.conv_seg.bias.copy_(torch.tensor([0.1, 0, -0.1]))
        built.cfg = ConfigDict(test_pipeline=pipeline)
        return built

    return build


@pytest.fixture
def pixels():
    """Coloured patches of 40 x 56 pixels, BGR."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (5, 7, 3))
    return small.repeat(8, 0).repeat(8, 1).astype(np.uint8)
