"""What a sweep file may hold."""

from pathlib import Path

import pytest

from mmproto.ablation.runs import plan_runs
from mmproto.ablation.sweep import (
    choose_rows,
    read_sweep,
    starts_first,
)

CONFIGS = Path(__file__).parents[2] / 'configs'


def test_rows_have_what_the_file_says(write_sweep):
    rows = dict(
        plain={},
        other=dict(
            config='mmproto::proto_camvid.py',
            options={'a.b': (1, 2)},
            remove_hooks=['A'],
            add_hooks=[dict(type='B')],
            start=dict(row='plain', iteration=3),
            seeds=[4],
        ),
        first=dict(stage=True, share=0.25),
        second=dict(after='first', share=0.75),
    )
    path = write_sweep(rows, seeds=[4, 2], columns=['miou', 'iou_x y'])
    sweep = read_sweep(path)
    plain, other, first, second = sweep.rows.values()
    assert (plain.name, plain.seeds) == ('plain', [4, 2])
    assert plain.path == path.parent / 'base.py'
    assert (plain.options, plain.start) == ({}, None)
    assert other.path.samefile(CONFIGS / 'proto_camvid.py')
    assert other.options == {'a.b': (1, 2)}
    assert (other.remove_hooks, other.add_hooks) == (['A'], [dict(type='B')])
    assert (other.start, other.seeds) == (
        dict(row='plain', iteration=3),
        [4],
    )
    assert (other.after, other.stage, other.share) == (None, False, 1)
    assert (first.after, first.stage, first.share) == (None, True, 0.25)
    assert (second.after, second.stage, second.share) == ('first', False, 0.75)
    assert [row.origin for row in sweep.rows.values()] == [
        None,
        'plain',
        None,
        'first',
    ]
    assert sweep.columns == ['miou', 'iou_x y']
    assert read_sweep(path, [7]).rows['other'].seeds == [7]


def test_starts_come_first(write_sweep):
    def after(row):
        return dict(start=dict(row=row, iteration=1))

    rows = dict(c=after('b'), x={}, b=after('a'), a={}, d=after('a'))
    sweep = read_sweep(write_sweep(rows))
    assert list(sweep.rows) == ['c', 'x', 'b', 'a', 'd']
    ordered = [row.name for row in starts_first(sweep.rows)]
    assert ordered == ['a', 'b', 'c', 'x', 'd']


STAGES = dict(
    second=dict(after='first', stage=True),
    x={},
    third=dict(after='second'),
    first=dict(stage=True),
)


def test_stages_come_first_and_along(write_sweep):
    rows = read_sweep(write_sweep(STAGES)).rows
    ordered = [row.name for row in starts_first(rows)]
    assert ordered == ['first', 'second', 'x', 'third']
    assert choose_rows(rows, None) == list(STAGES)
    assert choose_rows(rows, ['x']) == ['x']
    assert choose_rows(rows, ['third']) == ['second', 'third', 'first']
    for name in ('first', 'lost'):
        with pytest.raises(ValueError, match=f'no {name}; .* x, third$'):
            choose_rows(rows, ['x', name])


@pytest.mark.parametrize(
    ('rows', 'entries', 'named'),
    [
        ({}, {}, 'no rows'),
        (dict(a={}), dict(config=None), 'row a has no config'),
        (dict(a=dict(config='lost.py')), {}, 'row a: .*lost.py'),
        (dict(a=dict(option={})), {}, 'row a has option; .*options'),
        ({'a/b': {}}, {}, 'a/b'),
        (dict(results={}), {}, 'results'),
        (dict(a=3), {}, 'row a must be a dict'),
        (dict(a=dict(seeds=[])), {}, 'row a: seeds'),
        (dict(a={}), dict(seeds=[1, 1]), 'row a: seeds'),
        (dict(a={}), dict(seeds=[-1]), 'row a: seeds'),
        (dict(a=dict(start=dict(row='b'))), {}, 'row a: start'),
        (dict(a=dict(start=dict(row='b', iteration=1))), {}, "'b', but .* a"),
        (
            dict(a=dict(start=dict(row='a', iteration=0))),
            {},
            "row a: .*'iteration': 0",
        ),
        (dict(a=dict(start=dict(row='a', iteration=1))), {}, 'circle'),
        (
            dict(a=dict(start=dict(row='b', iteration=1), seeds=[0, 5]), b={}),
            {},
            r'row a has the seeds \[5\]',
        ),
        (dict(a={}), dict(columns=['mIoU']), "no figure 'mIoU'"),
        (dict(a=dict(after='b')), {}, "'b', but .* a"),
        (dict(a=dict(after=3)), {}, 'row a: .*after names row 3'),
        (dict(a=dict(after='b'), b=dict(after='a')), {}, 'a, b .*circle'),
        (dict(a=dict(after='b', seeds=[1]), b={}), {}, r'seeds \[1\]'),
        (
            dict(a=dict(after='b', start=dict(row='b', iteration=1)), b={}),
            {},
            'row a: both',
        ),
        (dict(a=dict(share=0)), {}, 'row a: share'),
        (dict(a=dict(share=1.5)), {}, 'row a: share'),
        (dict(a=dict(share='half')), {}, 'row a: share'),
    ],
)
def test_nonsense_is_named(write_sweep, rows, entries, named):
    path = write_sweep(rows, **entries)
    with pytest.raises((ValueError, FileNotFoundError), match=named):
        read_sweep(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='lost.py'):
        read_sweep(tmp_path / 'lost.py')


@pytest.mark.parametrize(
    'path', [*(CONFIGS / 'ablations').glob('*.py')], ids=lambda p: p.stem
)
def test_shipped_sweeps_are_complete(path, tmp_path):
    sweep = read_sweep(path)
    runs = plan_runs(sweep, tmp_path)
    assert {'black_box', 'final'} <= set(sweep.rows)
    # no two rows are the same training
    assert len({run.fingerprint for run in runs}) == len(runs)
