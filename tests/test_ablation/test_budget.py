"""Lengths of trainings: order and coincidences of a config survive."""

import copy
import inspect
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from mmproto.ablation.budget import HOOK_KEYS, map_iterations, rescale
from mmproto.engine import hooks
from mmproto.engine.phases import parse_phases

CONFIGS = Path(__file__).parents[2] / 'configs'
CAMVID = Config.fromfile(CONFIGS / 'proto_camvid.py').to_dict()
# arguments of hooks that count something else, or do not count
OTHERS = {
    ('PrototypeHealthHook', 'interval'),  # validations
    ('PrototypeProjectionHook', 'end'),  # whether
    ('PrototypeVisualizationHook', 'interval'),  # validations
    ('TemperatureHook', 'end'),  # a temperature
}


def hook(config, name):
    found = [h for h in config['custom_hooks'] if h['type'].endswith(name)]
    assert len(found) == 1
    return found[0]


def moments(config):
    """Every iteration of a config that is built like proto_camvid.py."""
    phases = hook(config, 'TrainingPhaseHook')['phases']
    warm_up, decay = config['param_scheduler']
    return [
        config['train_cfg']['max_iters'],
        config['train_cfg']['val_interval'],
        *(warm_up[key] for key in ('begin', 'end')),
        *(decay[key] for key in ('begin', 'end')),
        *(phase['end'] for phase in phases[:-1]),
        hook(config, 'PrototypeInitHook')['begin'],
        *(hook(config, 'SparsifyHook')[key] for key in ('begin', 'end')),
        hook(config, 'PrototypeProjectionHook')['before'],
    ]


def test_double_and_half_of_the_camvid_config():
    before, old = copy.deepcopy(CAMVID), moments(CAMVID)
    assert moments(rescale(CAMVID, 736)) == [2 * n for n in old]
    assert moments(rescale(CAMVID, 184)) == [round(n / 2) for n in old]
    assert rescale(CAMVID, 368) == CAMVID == before


@pytest.mark.parametrize('length', [6, 7, 9, 23, 100, 367, 369, 5000])
def test_order_and_coincidences_survive(length):
    config = rescale(CAMVID, length)
    old, new = moments(CAMVID), moments(config)
    for (a, x), (b, y) in product(zip(old, new), repeat=2):
        assert (a < b) == (x < y)
        assert (a == b) == (x == y)
    assert new[0] == length
    assert all((x == 0) == (a == 0) and x >= 0 for a, x in zip(old, new))
    parse_phases(hook(config, 'TrainingPhaseHook')['phases'])
    assert hook(config, 'PrototypeProjectionHook')['end'] is False
    # nothing else has changed
    for node in ('train_cfg', 'param_scheduler', 'custom_hooks'):
        config[node] = CAMVID[node]
    assert config == CAMVID


def test_too_short():
    shortest = len(set(moments(CAMVID)) - {0})
    rescale(CAMVID, shortest)
    named = f'{shortest} moments .*368.*{shortest - 1} iterations'
    with pytest.raises(ValueError, match=named):
        rescale(CAMVID, shortest - 1)
    with pytest.raises(ValueError, match='counts epochs'):
        rescale(dict(train_cfg=dict(max_epochs=3)), 10)


@pytest.mark.parametrize('seed', range(30))
def test_mapping_is_the_nearest_that_keeps_order(seed):
    rng = np.random.default_rng(seed)
    length = int(rng.integers(10, 400))
    named = rng.integers(1, length + 1, rng.integers(0, 9)).tolist()
    distinct = sorted({*named, length})
    shortest = len(distinct)
    for iterations in (shortest, shortest + 1, 3 * shortest, 7 * length):
        moved = map_iterations(named, length, iterations)
        assert sorted(moved) == distinct
        new = [moved[n] for n in distinct]
        assert new[-1] == iterations and new[0] >= 1
        assert all(a < b for a, b in zip(new, new[1:]))
        exact = [n * iterations / length for n in distinct]
        rounded = [round(value) for value in exact]
        if len(set(rounded)) == len(rounded) and rounded[0] > 0:
            assert new == rounded
    with pytest.raises(ValueError, match='train longer'):
        map_iterations(named, length, shortest - 1)


def test_what_lies_behind_the_end_stays_there():
    moved = map_iterations([10, 100, 101, 400], 100, 3)
    assert moved == {10: 1, 100: 3, 101: 4, 400: 12}


def test_what_counts_and_what_does_not():
    config = dict(
        train_cfg=dict(
            max_iters=100, val_begin=10, dynamic_intervals=[(50, 10)]
        ),
        param_scheduler=dict(
            first=[
                dict(type='MultiStepLR', milestones=[50, 80], by_epoch=False),
                dict(type='PolyLR', end=50),  # epochs, by default
            ],
            second=dict(type='CosineAnnealingLR', T_max=80, by_epoch=False),
        ),
        custom_hooks=[
            dict(type='mmproto.TemperatureHook', start=20, end=1, begin=0,
                 until=80),
            dict(type='mmproto.PrototypeHealthHook', interval=10),
            dict(type='mmproto.PrototypeProjectionHook', interval=50),
            dict(type='mmproto.PrototypeProjectionHook', interval=10,
                 by_epoch=True, before=None),
            dict(type='mmproto.TrainingPhaseHook', by_epoch=True,
                 phases=[dict(name='a', end=50), dict(name='b')]),
            dict(type='EMAHook', begin_iter=10),
        ],
        default_hooks=dict(logger=dict(type='LoggerHook', interval=10)),
    )  # fmt: skip
    expected = copy.deepcopy(config)
    expected['train_cfg'] = dict(
        max_iters=300, val_begin=30, dynamic_intervals=[(150, 30)]
    )
    schedulers = expected['param_scheduler']
    schedulers['first'][0]['milestones'] = [150, 240]
    schedulers['second']['T_max'] = 240
    expected['custom_hooks'][0]['until'] = 240
    expected['custom_hooks'][2]['interval'] = 150
    assert rescale(config, 300) == expected


def test_reseeding_has_time_for_one_interval():
    reseed = dict(
        type='mmproto.PrototypeReseedHook', interval=15, begin=90, end=105
    )
    config = dict(train_cfg=dict(max_iters=180), custom_hooks=[reseed])
    for length in range(5, 400):
        (new,) = rescale(config, length)['custom_hooks']
        assert new['interval'] >= 1
        assert new['begin'] + new['interval'] <= new['end'] <= length


def test_all_hooks_are_known():
    """A new hook that counts iterations has to be named."""
    names = {'interval', 'begin', 'end', 'before', 'until'}
    for kind in map(hooks.__dict__.get, hooks.__all__):
        arguments = names & set(inspect.signature(kind).parameters)
        known = set(HOOK_KEYS.get(kind.__name__, ()))
        other = {key for name, key in OTHERS if name == kind.__name__}
        assert arguments == known | other, kind.__name__
