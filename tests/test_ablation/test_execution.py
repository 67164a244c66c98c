"""Trainings that die, go on, start from each other, and are not repeated."""

import json

import pytest
from pretend import calls

from mmproto.ablation.execution import carry_out, check_runs
from mmproto.ablation.runs import describe

fcntl = pytest.importorskip('fcntl')

LATE = dict(start=dict(row='final', iteration=10))


def figures(run):
    return json.loads(run.result.read_text())['figures']


def test_killed_run_goes_on(plan, tools):
    runs = plan(dict(final={}, other=dict(seeds=[3])))
    final, other = runs
    final.write_state()
    death = final.folder / 'death'
    death.write_text('15')
    assert carry_out(runs, tools) == [final]
    assert describe(final) == f'failed: exit code -9, see {final.folder}/' + (
        'train.log'
    )
    assert describe(other) == 'done'  # the others went on

    death.unlink()
    runs = plan(dict(final={}, other=dict(seeds=[3])))
    assert carry_out(runs, tools) == []
    assert calls(final) == [(0, None), (15, None)]
    assert calls(other) == [(0, None)]
    assert figures(final)['miou'] == 40
    log = (final.folder / 'train.log').read_text()
    assert log.count('hello from') == 2

    # nothing is done twice, nor measured again
    for tool in tools.rglob('*.py'):
        tool.write_text('raise SystemExit(1)')
    assert carry_out(plan(dict(final={}, other=dict(seeds=[3]))), tools) == []
    assert [len(calls(final)), len(calls(other))] == [2, 1]


def test_death_after_training(plan, tools):
    (run,) = plan(dict(final={}))
    tool = tools / 'analysis_tools' / 'evaluate_explanations.py'
    good = tool.read_text()
    tool.write_text('raise SystemExit("no measure")')
    assert carry_out([run], tools) == [run]
    assert 'measure.log' in describe(run)
    assert 'no measure' in (run.folder / 'measure.log').read_text()
    tool.write_text(good)
    assert carry_out([run], tools) == []
    assert len(calls(run)) == 1
    result = json.loads(run.result.read_text())
    assert result['config_hash'] == run.fingerprint
    assert result['figures']['exact_zeros'] == 0.5
    assert result['figures']['iou_road'] == 3
    assert result['figures']['iterations'] == 40
    assert result['figures']['duplicates'] is None
    assert {'torch', 'mmproto'} < set(result['versions'])


def test_start_from_another_row(plan, tools):
    late, final = 'late', 'final'
    runs = plan({late: LATE, final: {}})
    assert [run.row.name for run in runs] == [final, late]
    assert carry_out(runs, tools) == []
    checkpoint = str(runs[0].folder / 'iter_10.pth')
    assert calls(runs[1]) == [(10, checkpoint)]


def test_killed_start_goes_on_from_its_own_checkpoint(plan, tools):
    runs = plan(dict(late=LATE, final={}))
    runs[1].write_state()
    death = runs[1].folder / 'death'
    death.write_text('25')
    assert carry_out(runs, tools) == [runs[1]]
    death.unlink()
    checkpoint = runs[0].folder / 'iter_10.pth'
    checkpoint.unlink()  # no longer needed
    assert carry_out(runs, tools) == []
    assert calls(runs[1]) == [(10, str(checkpoint)), (25, None)]


def test_resume_forgets_the_weights_of_the_beginning(plan, tools):
    (run,) = plan(dict(final=dict(options=dict(load_from='pre_0.pth'))))
    run.write_state()
    (run.folder / 'death').write_text('15')
    assert carry_out([run], tools) == [run]
    (run.folder / 'death').unlink()
    assert carry_out([run], tools) == []
    assert calls(run) == [(0, 'pre_0.pth'), (15, None)]


STAGES = dict(second=dict(after='first'), first=dict(stage=True))


def test_two_stages(plan, tools):
    first, second = runs = plan(STAGES)
    # a training of its own, with the weights of the first
    assert carry_out(runs, tools) == []
    assert calls(first) == [(0, None)]
    assert calls(second) == [(0, str(first.folder / 'iter_40.pth'))]
    assert figures(second)['iterations'] == 80
    # the first is not measured
    assert not first.result.exists()
    assert not (first.folder / 'measure.log').exists()
    assert [describe(run) for run in runs] == ['done', 'done']
    assert carry_out(plan(STAGES), tools) == []
    assert [len(calls(run)) for run in runs] == [1, 1]
    result = json.loads(second.result.read_text())
    assert (result['after'], result['start']) == ('first', None)


def test_killed_second_stage(plan, tools):
    first, second = runs = plan(STAGES)
    second.write_state()
    (second.folder / 'death').write_text('15')
    assert carry_out(runs, tools) == [second]
    (second.folder / 'death').unlink()
    (first.folder / 'iter_40.pth').unlink()
    assert carry_out(runs, tools) == []
    origin = str(first.folder / 'iter_40.pth')
    assert calls(second) == [(0, origin), (15, None)]


def test_missing_first_stage(plan, tools):
    first, second = runs = plan(STAGES)
    with pytest.raises(ValueError, match='second.*train row first too'):
        check_runs([second])
    assert carry_out([first], tools) == []
    check_runs([second])
    (first.folder / 'iter_40.pth').unlink()
    with pytest.raises(ValueError, match='though row first.*is trained'):
        check_runs(runs)


def test_figures_of_both_stages(plan, tools):
    hook = dict(type='mmproto.PrototypeProjectionHook', before=35)
    projects = dict(
        remove_hooks=['PrototypeProjectionHook'],
        add_hooks=[hook],
        options={'train_cfg.val_interval': 35},
    )
    rows = dict(
        second=dict(after='first'),
        first=dict(stage=True, **projects),
        alone=projects,
        never={},
    )
    runs = {run.row.name: run for run in plan(rows)}
    for name, memory in dict(first=9e6, second=8e6, alone=7e6).items():
        runs[name].note_memory(memory)  # of an attempt that failed
    assert carry_out(list(runs.values()), tools) == []
    # 7.5 is what the pretended validation at 35 finds
    assert [
        [figures(runs[name])[key] for key in ('miou_before', 'miou')]
        for name in ('second', 'alone', 'never')
    ] == [[7.5, 40], [7.5, 40], [None, 40]]
    memory = [figures(runs[n])['memory_mb'] for n in ('second', 'alone')]
    assert memory == [9e6, 7e6]
    # what Python at least needs, in MB
    assert 5 < figures(runs['never'])['memory_mb'] < 1e5


def test_memory_of_a_gpu_is_what_mmengine_logs(plan, tools):
    (run,) = plan(dict(a={}))
    run.note_memory(5e6)
    script = tools / 'train.py'
    text = script.read_text().replace('dict(lr=1,', 'dict(lr=1, memory=77,')
    script.write_text(text)
    assert carry_out([run], tools) == []
    assert figures(run)['memory_mb'] == 77


def test_memory_of_failed_attempts(plan, tools):
    (run,) = plan(dict(a={}))
    run.write_state()
    (run.folder / 'death').write_text('15')
    assert carry_out([run], tools) == [run]
    assert 5 < run.read_state()['memory_mb'] < 1e5


def test_missing_starts(plan, tools):
    runs = plan(dict(late=LATE, final={}))
    with pytest.raises(ValueError, match='late.*iter_10.*train row final'):
        check_runs(runs[1:])
    # a start that fails takes with it what needs it, and nothing else
    runs[0].write_state()
    (runs[0].folder / 'death').write_text('5')
    assert carry_out(runs, tools) == runs
    assert 'iter_10.pth' in describe(runs[1])
    (runs[0].folder / 'death').unlink()
    assert carry_out(runs[:1], tools) == []
    (runs[0].folder / 'iter_10.pth').unlink()
    with pytest.raises(ValueError, match='late.*though row final.*is trained'):
        check_runs(runs)


def test_changed_config_is_refused_before_any_training(plan, tools):
    options = {'custom_hooks.SparsifyHook.strength': 0.3}
    assert carry_out(plan(dict(b={})), tools) == []
    runs = plan(dict(a={}, b=dict(options=options)))
    with pytest.raises(ValueError, match='row b'):
        carry_out(runs, tools)
    assert not runs[0].folder.exists()


def test_two_commands_do_not_share_a_folder(plan, tools):
    (run,) = plan(dict(final={}))
    run.write_state()
    with (run.folder / 'train.log').open('a') as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        assert carry_out([run], tools) == [run]
    assert not (run.folder / 'calls').exists()
    assert carry_out([run], tools) == []
