"""The config that is written for a concept model."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmproto.datasets import CarPartsDataset
from mmproto.fitting.run_config import write_config

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.mark.parametrize(
    ('base', 'pairs'),
    [
        ('deeplabv3_camvid.py', None),
        ('deeplabv3_car_parts.py', CarPartsDataset.METAINFO['flip_pairs']),
    ],
)
def test_mirrored_views_still_swap_left_and_right(base, pairs, tmp_path):
    cfg = Config.fromfile(CONFIGS / base)
    path = tmp_path / 'concepts.py'
    write_config(path, f'mmproto::{base}', cfg, dict(cfg.model), False)
    written = Config.fromfile(path)
    assert written.tta_model == dict(
        type='mmproto.EvidenceTTAModel', flip_pairs=pairs
    )
