"""Data and a model whose confusions are known."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmproto.models import PrototypeHead

CODES = 5  # road, wall, car, sign, and paint on the road
PAINT = 4


class ReadCodes(nn.Module):
    """Turns the red channel into one-hot latents; three equal scales."""

    def forward(self, x):
        code = x[:, 0].round().long().clamp(0, CODES - 1)  # N,h,w
        latents = F.one_hot(code, CODES).permute(0, 3, 1, 2).float()
        return (latents,) * 3


@pytest.fixture
def planted(tiny_model, tiny_config, tmp_path):
    """A model that sees paint as wall, and its data.

    A column of 7 pixels in every wall is painted too.
    """
    root = tmp_path / 'planted'
    for kind in ('leftImg8bit', 'gtFine'):
        (root / kind / 'val' / 'town').mkdir(parents=True)
    for index in range(2):
        labels = np.ones((64, 96), np.uint8)
        labels[32:] = 0
        labels[50:60, 70:90] = 2
        codes = labels.copy()
        codes[40 : 44 + index, 10:40] = PAINT  # 120 and 150 pixels of road
        codes[62, 3] = PAINT  # one more
        codes[10:17, 5] = PAINT
        labels[40, 10:15] = 255  # void
        image = np.stack([0 * codes, 0 * codes, codes], axis=2)  # BGR
        name = f'town_{index:06d}_000019'
        town = root / 'leftImg8bit' / 'val' / 'town'
        cv2.imwrite(str(town / f'{name}_leftImg8bit.png'), image)
        town = root / 'gtFine' / 'val' / 'town'
        cv2.imwrite(str(town / f'{name}_gtFine_labelTrainIds.png'), labels)
    tiny_config.val_dataloader.dataset.data_root = str(root)
    model = tiny_model
    model.backbone, model.neck = ReadCodes(), nn.Identity()
    model.data_preprocessor.mean.zero_()
    model.data_preprocessor.std.fill_(1)
    head = PrototypeHead(
        CODES,
        CODES,
        num_classes=4,
        num_concepts=CODES,
        prototype_layer=dict(
            type='mmproto.CosinePrototypes', temperature=0.05
        ),
    )
    head.prototype_layer.set_vectors(torch.eye(CODES))
    weights = torch.eye(4, CODES)
    weights[0, 0] = 2  # road wins where no concept is sure
    weights[:, PAINT] = torch.tensor([0.4, 1.0, 0.0, 0.0])
    with torch.no_grad():
        head.conv_seg.weight.copy_(weights[:, :, None, None])
    model.decode_head = head.eval()
    return model
