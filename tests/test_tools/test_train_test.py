"""tools/train.py and tools/test.py, and mmseg's own scripts in their place."""

import json
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import cv2
import mmseg
import pytest
import torch
from mmengine.config import Config, DictAction

from mmproto.commands import test, train
from mmproto.commands.flags import (
    config_options,
    distribute_on_cpus,
    load_config,
)

MMSEG_TOOLS = Path(mmseg.__file__).parent / '.mim' / 'tools'
LAST = 'work_dirs/tiny/iter_4.pth'


@pytest.fixture
def tool(run, monkeypatch):
    """Runs a tool; what it sets for its process is taken back."""
    monkeypatch.setenv('LOCAL_RANK', '0')
    return run


@pytest.fixture
def config_file(tiny_config, tmp_path):
    """`tiny_config` as a file that names no work dir."""
    tiny_config.pop('work_dir')
    path = tmp_path / 'tiny.py'
    tiny_config.dump(path)
    return path


def last_metrics(work_dir):
    """What the newest run in a work dir has measured."""
    newest = max(Path(work_dir).glob('*/*.json'))
    return json.loads(newest.read_text())


def logged_steps(checkpoint):
    """How many iterations the log history in a checkpoint has seen."""
    hub = torch.load(checkpoint, weights_only=False)['message_hub']
    return hub['log_scalars']['train/loss'].data[0].size


@pytest.mark.smoke
def test_train_resume_test(tool, config_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    two = ['--cfg-options', 'train_cfg.max_iters=2']
    tool('train.py', config_file, *two)
    # the default work dir is named after the config
    first = Path('work_dirs/tiny/iter_2.pth')
    written = first.stat().st_mtime_ns

    tool('train.py', config_file, '--resume')
    # a training that starts afresh writes the first checkpoint again
    assert first.stat().st_mtime_ns == written
    assert [logged_steps(first), logged_steps(LAST)] == [2, 4]

    args = [LAST, '--work-dir', 'tested', '--out', 'out']
    tool('test.py', config_file, *args)
    assert 0 <= last_metrics('tested')['mIoU'] <= 100
    pictures = sorted(Path('out').glob('*.png'))
    assert len(pictures) == 3
    assert cv2.imread(str(pictures[0]), -1).max() < 4


@pytest.mark.smoke
def test_scripts_of_mmseg(config_file, tmp_path):
    def script(name, *args):
        command = [sys.executable, MMSEG_TOOLS / name, config_file, *args]
        command += ['--work-dir', 'work']
        subprocess.run(command, cwd=tmp_path, check=True)

    script('train.py', '--cfg-options', 'train_cfg.max_iters=2')
    script('test.py', tmp_path / 'work' / 'iter_2.pth')
    assert 'mIoU' in last_metrics(tmp_path / 'work')


def test_painted_predictions_with_tta(tool, tiny_model, config_file, tmp_path):
    cfg = Config.fromfile(config_file)
    cfg.default_hooks.visualization = dict(
        type='SegVisualizationHook', interval=1
    )
    # visualizers live as long as the process: this one needs a new name
    cfg.visualizer.name = tmp_path.name
    cfg.visualizer.vis_backends = [dict(type='LocalVisBackend')]
    cfg.tta_model = dict(type='mmproto.EvidenceTTAModel')
    flips = [dict(type='RandomFlip', prob=prob) for prob in (0.0, 1.0)]
    views = [
        flips,
        [dict(type='LoadAnnotations')],
        [dict(type='PackSegInputs')],
    ]
    cfg.tta_pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='TestTimeAug', transforms=views),
    ]
    cfg.dump(config_file)
    checkpoint = tmp_path / 'model.pth'
    torch.save(tiny_model.state_dict(), checkpoint)
    painted = tmp_path / 'painted'
    args = ['--work-dir', tmp_path, '--show-dir', painted, '--tta']
    tool('test.py', config_file, checkpoint, *args)
    assert len(list(painted.rglob('*.png'))) == 3


def test_command_line_before_config(config_file, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')
    options = ['--cfg-options', 'work_dir=other', 'model.test_cfg.mode=slide']
    args = ['--work-dir', 'mine', '--launcher', 'slurm', *options]
    cfg = load_config(train.COMMAND.parse(None, [str(config_file), *args]))
    assert cfg.work_dir == 'mine'
    assert cfg.launcher == 'slurm'
    assert cfg.model.test_cfg.mode == 'slide'

    args = train.COMMAND.parse(None, [str(config_file), *options])
    assert load_config(args).work_dir == 'other'


def test_options_are_read_as_mmengine_reads_them(config_file):
    """Late and all at once, or by the action of mmengine: the same."""
    given = [
        *('--cfg-options', 'a.b=1', 'c="[(1,2),(3,4)]"', 'd=None', 'e=x=y'),
        *('--cfg-options', 'a.b=2.5', 'f=1,two,True', 'g=', 'h=(a)'),
    ]
    peer = ArgumentParser()
    peer.add_argument('--cfg-options', nargs='+', action=DictAction)
    expected = peer.parse_args(given).cfg_options
    args = train.COMMAND.parse(None, [str(config_file), *given])
    assert config_options(args) == expected
    assert expected['c'] == [(1, 2), (3, 4)] and expected['a.b'] == 2.5


def test_an_option_without_a_value_is_named(config_file, capsys):
    args = [str(config_file), '--cfg-options', 'train_cfg.max_iters']
    with pytest.raises(SystemExit):
        train.COMMAND.parse(None, args)
    said = capsys.readouterr().err
    assert "expected KEY=VALUE, got 'train_cfg.max_iters'" in said


def test_gpu_backend_without_gpus(tiny_config):
    tiny_config.env_cfg.dist_cfg.backend = 'nccl'
    with pytest.raises(ValueError, match='dist_cfg.backend=gloo'):
        distribute_on_cpus(tiny_config)


def test_amp_wraps_the_optimizer(monkeypatch):
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cuda')
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    train.enable_amp(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'

    own = dict(type='AmpOptimWrapper', loss_scale=512.0)
    cfg = Config(dict(optim_wrapper=own))
    train.enable_amp(cfg)
    assert cfg.optim_wrapper.loss_scale == 512.0

    cfg = Config(dict(optim_wrapper=dict(type='ApexOptimWrapper')))
    with pytest.raises(ValueError, match='ApexOptimWrapper'):
        train.enable_amp(cfg)


def test_amp_without_accelerator(monkeypatch):
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cpu')
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    with pytest.raises(ValueError, match='CPU: leave --amp out'):
        train.enable_amp(cfg)


@pytest.mark.parametrize('name', ['IoUMetric', 'mmseg.IoUMetric'])
def test_out_in_a_list_of_metrics(name):
    metrics = [dict(type='mmproto.OODMetric'), dict(type=name)]
    cfg = Config(dict(test_evaluator=metrics))
    test.write_predictions(cfg, 'folder')
    assert 'output_dir' not in cfg.test_evaluator[0]
    assert cfg.test_evaluator[1].output_dir == 'folder'


def test_impossible_requests_are_named(tool, config_file):
    cfg = Config(dict(test_evaluator=dict(type='Odd'), default_hooks={}))
    with pytest.raises(ValueError, match='--out needs .* holds Odd'):
        test.write_predictions(cfg, 'folder')
    with pytest.raises(ValueError, match='--tta needs'):
        test.augment(cfg)
    # one sentence, and no traceback
    with pytest.raises(SystemExit, match='^error: .*SegVisualizationHook'):
        tool('test.py', config_file, 'checkpoint', '--show')


def test_mistakes_in_a_config_end_in_a_sentence(
    tool, config_file, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    late = dict(type='mmproto.PrototypeProjectionHook', before=20)
    cfg = Config.fromfile(config_file)
    cfg.custom_hooks = [late]
    cfg.dump('late.py')
    with pytest.raises(SystemExit, match=r'error: .*before=20\) means 20'):
        tool('train.py', 'late.py')
    with pytest.raises(SystemExit, match='error: there is no file lost.pth'):
        tool('test.py', config_file, 'lost.pth')
    with pytest.raises(SystemExit, match='error: there is no config at lost'):
        tool('train.py', 'lost.py')


def test_an_error_in_an_iteration_keeps_its_traceback(
    tool, config_file, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)

    def fail(*_, **__):
        raise ValueError('of a loss')

    monkeypatch.setattr('mmproto.models.PrototypeHead.loss', fail)
    with pytest.raises(ValueError, match='of a loss'):
        tool('train.py', config_file)
