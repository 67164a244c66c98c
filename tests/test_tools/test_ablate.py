"""tools/analysis_tools/ablate.py as its users run it."""

import json
import runpy
import sys
from pathlib import Path

import cv2
import pytest

from mmproto.ablation.key_numbers import NAMES

TOOL = Path(__file__).resolve().parents[2] / 'tools/analysis_tools/ablate.py'
PROCESS = 'mmproto.ablation.launching.run_process'


@pytest.fixture
def ablate(monkeypatch, tmp_path):
    """The command; what it starts runs in this process, to save imports."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LOCAL_RANK', '0')  # the tools set it for good
    monkeypatch.setattr('signal.signal', lambda *_: None)
    # half the time of a run goes into layouting its config
    layout = 'yapf.yapflib.yapf_api.FormatCode'
    monkeypatch.setattr(layout, lambda text, **_: (text, True))
    started = []

    def start(command, _):
        script, *args = command[1:]
        started.append([Path(script).name, *args])
        with monkeypatch.context() as patch:
            patch.setattr(sys, 'argv', [script, *args])
            patch.syspath_prepend(str(Path(script).parent))
            runpy.run_path(script, run_name='__main__')
        return 0, 5.0

    def run(*args, ending=start):
        with monkeypatch.context() as patch:
            patch.setattr(sys, 'argv', ['ablate.py', 'sweep.py', *args])
            patch.setattr(PROCESS, ending)
            runpy.run_path(str(TOOL), run_name='__main__')
        return started

    return run


@pytest.fixture
def sweep(tiny_config, tmp_path):
    """A sweep over the tiny model, and over one without concepts."""
    tiny_config.pop('work_dir')
    # visualizers live as long as the process: each run needs a new name
    name = tmp_path.name
    tiny_config.visualizer.name = f'{name}_final'
    tiny_config.visualizer.vis_backends = [dict(type='LocalVisBackend')]
    tiny_config.custom_hooks = [
        dict(type='mmproto.SparsifyHook', strength=1.0),
        dict(type='mmproto.PrototypeProjectionHook', topk=3),
    ]
    tiny_config.dump(tmp_path / 'base.py')
    tiny_config.visualizer.name = f'{name}_box'
    tiny_config.pop('custom_hooks')
    tiny_config.model.pop('neck')
    tiny_config.model.decode_head = dict(
        type='FCNHead',
        in_channels=128,
        in_index=3,
        channels=8,
        num_classes=4,
        norm_cfg=tiny_config.norm_cfg,
    )
    tiny_config.dump(tmp_path / 'box.py')
    late = dict(
        start=dict(row='final', iteration=3),
        options={'visualizer.name': f'{name}_late'},
    )
    rows = dict(late=late, black_box=dict(config='box.py'), final={})
    text = f"config = 'base.py'\nrows = {rows}\n"
    (tmp_path / 'sweep.py').write_text(text)
    return tmp_path


@pytest.mark.smoke
def test_sweep_from_end_to_end(ablate, sweep, capsys):
    files = ['--table', 'out/table.md', '--figure', 'out/figure.png']
    ablate('--work-dir', 'work', *files, '--interval', '2')
    results = {
        path.stem: json.loads(path.read_text())
        for path in Path('work', 'results').glob('*.json')
    }
    names = ['black_box_seed0', 'final_seed0', 'late_seed0']
    assert sorted(results) == names
    classes = {f'iou_{name}' for name in ('road', 'wall', 'car', 'sign')}
    for name, result in results.items():
        figures = result['figures']
        assert set(figures) == {*NAMES, *classes}
        # there are no parts, and all is projected at the end
        parts = {'part_purity', 'part_purity_used', 'consistency'}
        parts |= {'miou_before'}
        missing = {key for key, value in figures.items() if value is None}
        measured = {'miou', 'seconds_step', 'memory_mb', 'iterations'}
        measured |= classes
        expected = set(NAMES) - measured if name == names[0] else parts
        assert missing == expected, name
        assert result['interval'] == 2
        four = sum(figures[key] for key in classes) / 4
        assert figures['miou'] == pytest.approx(four, abs=0.01)
    # goes on from the third of four iterations
    assert not Path('work', 'late', 'seed0', 'iter_2.pth').exists()
    assert Path('work', 'late', 'seed0', 'iter_4.pth').exists()
    lines = Path('out', 'table.md').read_text().splitlines()
    assert [line.split('|')[1].strip() for line in lines[2:5]] == [
        'late',
        'black_box',
        'final',
    ]
    assert cv2.imread('out/figure.png').std() > 0

    started = len(ablate('--work-dir', 'work', '--interval', '2'))
    assert started == 6  # the second time nothing was done
    capsys.readouterr()
    ablate('--work-dir', 'work', '--interval', '3', '--list')
    assert capsys.readouterr().out.count('made from another config') == 3
    with pytest.raises(SystemExit, match='error: row final, seed 0: work/'):
        ablate('--work-dir', 'work', '--interval', '3')


def test_list_trains_nothing(ablate, sweep, capsys):
    args = ['--list', '--table', 'table.md', '--figure', 'figure.png']
    assert ablate(*args, '--rows', 'final', '--seeds', '4', '5') == []
    out = capsys.readouterr().out
    assert 'final, seed 4: missing\nfinal, seed 5: missing\n' in out
    assert 'black_box' not in out
    assert Path('table.md').is_file() and Path('figure.png').is_file()
    assert not Path('work_dirs').exists()


def test_failed_run(ablate, sweep, capsys):
    def ending(*_):
        return 1, None

    options = ['--cfg-options', 'train_dataloader.dataset.data_root=lost']
    with pytest.raises(SystemExit, match='error: 1 failed: black_box, seed 0'):
        ablate('--rows', 'black_box', *options, ending=ending)
    ablate('--rows', 'black_box', *options, '--list')
    log = Path('work_dirs', 'ablation', 'black_box', 'seed0', 'train.log')
    assert f'failed: exit code 1, see {log}' in capsys.readouterr().out
    assert "data_root='lost'" in log.with_name('config.py').read_text()


@pytest.mark.parametrize(
    ('args', 'named'),
    [
        (['--rows', 'final', 'lost'], 'no lost; .*late, black_box, final'),
        (['--rows', 'late'], 'train row final too'),
        (['--figure', 'figure.jpeg'], 'figure.jpeg'),
        (['--interval', '0'], 'interval'),
        (['--seeds', '-1'], 'seeds'),
        (['--cfg-options', 'train_cfg.max_iters=3'], 'ends at 3'),
    ],
)
def test_impossible_requests_are_named(ablate, sweep, args, named):
    with pytest.raises(SystemExit, match=f'^error: .*{named}'):
        ablate(*args)
    assert not Path('work_dirs').exists()
