"""The config that is written for a concept model."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmproto.datasets import CarPartsDataset
from mmproto.fitting.run_config import (
    changed_data,
    with_data,
    write_config,
)

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
    write_config(path, f'mmproto::{base}', cfg, dict(cfg.model), [])
    written = Config.fromfile(path)
    assert written.tta_model == dict(
        type='mmproto.EvidenceTTAModel', flip_pairs=pairs
    )


def test_data_and_pipelines_stay_those_of_the_user(tmp_path):
    own = Config.fromfile(CONFIGS / 'deeplabv3_camvid.py')
    cfg = with_data(own, None)
    assert changed_data(cfg, own) == []
    path = tmp_path / 'concepts.py'
    base = 'mmproto::deeplabv3_camvid.py'
    write_config(path, base, cfg, dict(cfg.model), changed_data(cfg, own))
    assert 'pipeline' not in path.read_text()
    assert Config.fromfile(path).test_pipeline == own.test_pipeline


def test_a_config_gets_the_pipeline_that_it_lacks(tmp_path):
    own = Config.fromfile(CONFIGS / 'deeplabv3_camvid.py')
    pipeline = own.pop('test_pipeline')
    cfg = with_data(own, None)
    assert changed_data(cfg, own) == ['test_pipeline']
    assert cfg.test_pipeline == pipeline


def test_other_data_take_the_place_of_the_own(tmp_path):
    own = Config.fromfile(CONFIGS / 'deeplabv3_camvid.py')
    other = Config.fromfile(CONFIGS / 'deeplabv3_street_toy.py')
    cfg = with_data(own, other)
    path = tmp_path / 'concepts.py'
    base = 'mmproto::deeplabv3_camvid.py'
    write_config(path, base, cfg, dict(cfg.model), changed_data(cfg, own))
    written = Config.fromfile(path)
    for key in ('train_dataloader', 'val_dataloader', 'test_pipeline'):
        assert written[key] == other[key]
