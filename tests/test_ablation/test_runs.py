"""Configs, fingerprints and states of runs."""

import json

import pytest

from mmproto.ablation.configs import projection_iteration, save_often
from mmproto.ablation.runs import check_unchanged, describe

LATE = dict(start=dict(row='final', iteration=10))


def hashes(runs):
    return {(run.row.name, run.seed): run.fingerprint for run in runs}


def test_config_is_complete(plan):
    options = {'custom_hooks.SparsifyHook.strength': 0.4}
    rows = dict(
        a=dict(
            options=options,
            remove_hooks=['PrototypeProjectionHook'],
            add_hooks=[dict(type='New')],
        )
    )
    given = {'model.pretrained': 'x', 'custom_hooks.0.strength': 0.6}
    config = plan(rows, cfg_options=given)[0].config
    sparsify = dict(type='mmproto.SparsifyHook', strength=0.6, begin=20)
    assert config['custom_hooks'] == [sparsify, dict(type='New')]
    assert config['model']['pretrained'] == 'x'  # the command comes last
    assert config['randomness'] == dict(seed=0)
    assert config['train_cfg']['max_iters'] == 40


def test_unknown_option_names_its_row(plan):
    with pytest.raises(ValueError, match='row a: option no.*'):
        plan(dict(a=dict(options={'no.where': 1})))


def test_fingerprint_holds_all_that_decides(plan, write_sweep):
    rows = dict(final={}, late=LATE)
    first = hashes(plan(rows))
    assert hashes(plan(rows)) == first
    # when checkpoints are saved is not among it
    assert hashes(plan(dict(final={})))['final', 0] == first['final', 0]
    more = dict(more=dict(start=dict(row='final', iteration=5)))
    assert first.items() <= hashes(plan(rows | more)).items()
    values = list(first.values())
    begin = {'custom_hooks.SparsifyHook.begin': 21}
    changes = [
        plan(dict(final=dict(options=begin), late=LATE)),
        plan(dict(final=dict(seeds=[1]), late=dict(LATE, seeds=[1]))),
        plan(rows, interval=6),
        plan(rows, cfg_options={'load_from': 'a.pth'}),
    ]
    for runs in changes:
        # with its start changes what goes on from it
        values += hashes(runs).values()
    later = dict(start=dict(row='final', iteration=20))
    values.append(hashes(plan(dict(final={}, late=later)))['late', 0])
    assert len(set(values)) == len(values)


def test_after_another(plan):
    rows = dict(second=dict(after='first'), first={})
    first, second = plan(rows)
    assert second.start == first.folder / 'iter_40.pth'
    assert (first.stages, second.stages) == ([first], [first, second])
    alone = plan(dict(first={}, second={}))[1]
    late = dict(start=dict(row='first', iteration=39))
    going_on = plan(dict(first={}, second=late))[1]
    changed = {'custom_hooks.SparsifyHook.begin': 21}
    other = plan(rows | dict(first=dict(options=changed)))
    found = [second, alone, going_on, other[1]]
    assert len({run.fingerprint for run in found}) == 4
    assert other[1].config == second.config
    assert plan(rows)[1].fingerprint == second.fingerprint


def test_after_epochs(plan):
    epochs = {'train_cfg': dict(max_epochs=2)}
    rows = dict(second=dict(after='first'), first=dict(options=epochs))
    with pytest.raises(ValueError, match='row first counts epochs'):
        plan(rows)


def test_last_changes(plan):
    def edit(row, config):
        assert config['randomness'] == dict(seed=0)
        length = dict(config['train_cfg'], max_iters=len(row.name))
        return config | dict(train_cfg=length)

    (run,) = plan(dict(four={}), edit=edit)
    assert run.config['train_cfg']['max_iters'] == 4
    # comes before it is decided when to save
    assert run.config['default_hooks']['checkpoint']['interval'] == 1


def test_largest_memory_is_kept(plan):
    (run,) = plan(dict(a={}))
    for given, kept in ((None, None), (300.0, 300.0), (200.0, 300.0)):
        run.note_memory(given)
        assert run.read_state()['memory_mb'] == kept
    run.note_memory(None)
    run.write_state(trained=True)
    assert run.read_state()['memory_mb'] == 300.0


@pytest.mark.parametrize(
    ('hooks', 'expected'),
    [
        ([], None),
        ([dict(before=30)], 30),
        ([dict(before=0.75)], 30),
        ([dict(before=40)], None),  # the end
        ([dict(before=30, mode='mine')], None),
        ([dict(before=30, mode='project', end=False)], 30),
        ([dict(interval=10)], None),
    ],
)
def test_iteration_of_projection(hooks, expected):
    config = dict(
        train_cfg=dict(max_iters=40),
        custom_hooks=[dict(type='mmproto.Other', before=5)]
        + [dict(type='mmproto.PrototypeProjectionHook') | h for h in hooks],
    )
    assert projection_iteration(config) == expected


@pytest.mark.parametrize('length', [1, 7, 40, 368])
@pytest.mark.parametrize('starts', [[], [6], [4, 6], [184], [7]])
def test_starts_are_saved(length, starts):
    config = dict(train_cfg=dict(max_iters=length))
    if starts and max(starts) >= length:
        with pytest.raises(ValueError, match=f'row a, which ends at {length}'):
            save_often('a', config, starts)
        return
    save_often('a', config, starts)
    hook = config['default_hooks']['checkpoint']
    saved = set(range(hook['interval'], length + 1, hook['interval']))
    assert set(starts) <= saved
    assert len(saved) >= min(length, 8)
    assert hook['max_keep_ckpts'] == (-1 if starts else 2)
    # rare: the largest interval that does both
    for more in range(hook['interval'] + 1, max(1, length // 8) + 1):
        assert any(start % more for start in starts)


def test_epochs_cannot_be_started_from():
    config = dict(train_cfg=dict(max_epochs=3))
    save_often('a', config, [])
    assert 'default_hooks' not in config
    with pytest.raises(ValueError, match='row a counts epochs'):
        save_often('a', config, [1])


def test_states_in_words(plan):
    run = plan(dict(a={}))[0]
    assert describe(run) == 'missing'
    run.write_state(failed='exit code 1')
    assert describe(run) == 'failed: exit code 1'
    run.write_state(failed=None)
    for name in ('iter_5', 'iter_40'):
        (run.folder / f'{name}.pth').write_text('')
        (run.folder / 'last_checkpoint').write_text(f'/old/{name}.pth\n')
        assert run.last_checkpoint() == run.folder / f'{name}.pth'
        begun = 'trained, not measured' if name == 'iter_40' else 'begun'
        assert describe(run).startswith(begun)
    run.result.parent.mkdir()
    run.result.write_text(json.dumps(dict(config_hash=run.fingerprint)))
    assert describe(run) == 'done'


@pytest.mark.parametrize('kind', ['result', 'checkpoint'])
def test_other_configs_are_refused(plan, kind):
    old = plan(dict(a={}))[0]
    if kind == 'result':
        old.result.parent.mkdir(parents=True)
        old.result.write_text(json.dumps(dict(config_hash=old.fingerprint)))
    else:
        old.write_state()
        (old.folder / 'iter_5.pth').write_text('')
        (old.folder / 'last_checkpoint').write_text('iter_5.pth')
    check_unchanged(plan(dict(a={}))[0])
    options = {'train_cfg.max_iters': 30}
    new = plan(dict(a=dict(options=options)), cfg_options=None)[0]
    where = old.result if kind == 'result' else old.folder
    with pytest.raises(ValueError, match=f'row a, seed 0: {where} .*remove'):
        check_unchanged(new)
    assert describe(new) == 'made from another config'
