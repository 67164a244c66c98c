"""Iterations of equal budgets against numbers computed by hand."""

from pathlib import Path

import pytest

from mmproto.ablation.equal_budget import (
    check_equal,
    check_systems,
    count_images,
    prepare,
    samples_per_step,
    system_lengths,
)
from mmproto.ablation.runs import plan_runs
from mmproto.ablation.sweep import read_sweep

INIT = dict(type='mmproto.PrototypeInitHook')
SWEEPS = Path(__file__).parents[2] / 'configs' / 'relatives' / 'sweeps'


@pytest.fixture
def row(write_sweep):
    """A row with half of the budget."""
    rows = dict(a=dict(share=0.5), b=dict(share=0.5, after='a'))
    return read_sweep(write_sweep(rows)).rows['a']


def two_views(batch_size, **options):
    collate = dict(type='mmproto.two_view_collate', **options)
    return dict(batch_size=batch_size, collate_fn=collate)


@pytest.mark.parametrize(
    ('loader', 'samples'),
    [
        (dict(batch_size=8), 8),
        (dict(batch_size=8, collate_fn=dict(type='pseudo_collate')), 8),
        (two_views(4), 8),
        (two_views(4, second_views=None), 8),
        (two_views(6, second_views=2), 8),
        (two_views(2, second_views=5), 4),
    ],
)
def test_samples_per_step(loader, samples):
    assert samples_per_step(dict(train_dataloader=loader)) == samples


def test_images_are_counted_once(camvid):
    config = dict(train_dataloader=dict(dataset=camvid(10)))
    assert count_images(config) == 10
    repeated = dict(type='RepeatDataset', times=3, dataset=camvid(7))
    config = dict(train_dataloader=dict(dataset=repeated))
    assert count_images(config) == 7
    lost = dict(camvid(1), data_root='lost')
    with pytest.raises(FileNotFoundError, match='lost'):
        count_images(dict(train_dataloader=dict(dataset=lost)))


@pytest.mark.parametrize(
    ('epochs', 'images', 'batch', 'iterations'),
    [
        (6, 10, 4, 8),  # 0.5 * 6 * 10 / 4 = 7.5
        (6.4, 10, 4, 8),  # exactly
        (2.2, 80, 8, 11),  # exactly, but not in floating point
        (2.2, 81, 8, 12),
        (None, 10, 4, 40),  # of the config
    ],
)
def test_iterations(row, camvid, epochs, images, batch, iterations):
    loader = dict(batch_size=batch, dataset=camvid(images))
    config = dict(
        train_dataloader=loader,
        train_cfg=dict(max_iters=40, val_interval=0.5),
    )
    found = prepare(row, config, epochs)['train_cfg']
    assert found == dict(max_iters=iterations, val_interval=0.5)
    assert config['train_cfg']['max_iters'] == 40


def test_validation_right_before_projection(row, camvid):
    hook = dict(type='mmproto.PrototypeProjectionHook', before=0.75)
    config = dict(
        train_dataloader=dict(batch_size=2, dataset=camvid(8)),
        train_cfg=dict(max_iters=40, val_interval=None),
        custom_hooks=[hook],
    )
    longer = prepare(row, config, 40)  # 80 iterations
    assert longer['train_cfg'] == dict(max_iters=80, val_interval=60)
    hook['mode'] = 'mine'
    assert prepare(row, config, 40)['train_cfg']['val_interval'] is None


@pytest.mark.parametrize(
    ('entries', 'named'),
    [
        (
            dict(custom_hooks=[dict(INIT, begin=0.4)]),
            r'PrototypeInitHook\(begin=0.4\) means 1, 1 .*train longer',
        ),
        (
            dict(custom_hooks=[dict(INIT, begin=20)]),
            "counts iterations.*'begin': 20",
        ),
        (
            dict(param_scheduler=[dict(type='PolyLR', begin=0, end=40)]),
            "PolyLR .*counts iterations.*'end': 40",
        ),
        (
            dict(param_scheduler=dict(a=dict(type='PolyLR', begin=9))),
            "PolyLR .*'begin': 9",
        ),
        (dict(train_cfg=dict(max_epochs=3)), 'counts epochs'),
    ],
)
def test_what_no_budget_suits(row, camvid, entries, named):
    """One iteration of eight images, half of two epochs."""
    config = dict(
        train_dataloader=dict(batch_size=8, dataset=camvid(8)),
        train_cfg=dict(max_iters=40),
    )
    with pytest.raises(ValueError, match=f'row a.*{named}'):
        prepare(row, config | entries, 2)


def test_what_suits_any_budget(row, camvid):
    config = dict(
        train_dataloader=dict(batch_size=8, dataset=camvid(8)),
        train_cfg=dict(max_iters=40),
        param_scheduler=dict(
            a=[dict(type='LinearLR', begin=0, end=0.1)],
            b=dict(type='PolyLR', begin=0.1),
        ),
        custom_hooks=[
            dict(INIT, begin=0),
            dict(type='mmproto.PrototypeProjectionHook'),
            dict(type='mmproto.PrototypeHealthHook', interval=10),
        ],
    )
    same = prepare(row, config, 2)
    assert same == {**config, 'train_cfg': dict(max_iters=1)}


@pytest.mark.parametrize(
    ('rows', 'named'),
    [
        (
            dict(a={}, b=dict(start=dict(row='a', iteration=2))),
            'row b starts from another',
        ),
        (dict(a=dict(share=0.5)), 'row a .*0.5'),
        (dict(a={}, b=dict(after='a', share=0.5)), 'row b .*1.5'),
    ],
)
def test_unequal_rows(write_sweep, rows, named):
    with pytest.raises(ValueError, match=named):
        check_systems(read_sweep(write_sweep(rows)))


def test_shares_of_three_stages(write_sweep):
    third = dict(stage=True, share=1 / 3)
    rows = dict(
        a=third,
        b=dict(third, after='a'),
        c=dict(after='b', share=1 / 3),
    )
    check_systems(read_sweep(write_sweep(rows)))


def test_one_percent():
    def stage(iterations):
        return dict(iterations=iterations, samples=10)

    whole = [stage(100)]
    check_equal(dict(a=whole, b=[stage(45), stage(54)]))
    message = r'a: 100 x 10; b: 45 x 10 \+ 53 x 10'
    with pytest.raises(ValueError, match=message):
        check_equal(dict(a=whole, b=[stage(45), stage(53)]))


@pytest.mark.parametrize('path', [*SWEEPS.glob('*.py')], ids=lambda p: p.stem)
def test_shipped_systems_are_equal(path, tmp_path):
    sweep = read_sweep(path)
    check_systems(sweep)

    def edit(row, config):
        return prepare(row, config, None)

    runs = plan_runs(sweep, tmp_path, edit=edit)
    assert all(row.seeds == [0, 1, 2] for row in sweep.rows.values())
    assert len({run.fingerprint for run in runs}) == 8 * 3
    lengths = system_lengths(runs)
    assert list(lengths) == [
        'black_box',
        'protopnet',
        'protoseg',
        'scaleprotoseg',
        'pipnet',
        'reproseg',
        'proposed',
    ]
    check_equal(lengths)
    assert [len(stages) for stages in lengths.values()].count(1) == 6
