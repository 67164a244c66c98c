"""tools/train.py and tools/test.py, and mmseg's own scripts in their place."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import mmseg
import pytest
import torch
from mmengine.config import Config

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
MMSEG_TOOLS = Path(mmseg.__file__).parent / '.mim' / 'tools'
LAST = 'work_dirs/tiny/iter_4.pth'


@pytest.fixture
def tool(monkeypatch):
    """The functions of a tool, with a command line to read."""

    def load(name, *args):
        monkeypatch.syspath_prepend(str(TOOLS))
        # the tools set it for the rest of the process
        monkeypatch.setenv('LOCAL_RANK', '0')
        monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
        return runpy.run_path(str(TOOLS / name), run_name=name)

    return load


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
    tool('train.py', config_file, *two)['main']()
    # the default work dir is named after the config
    first = Path('work_dirs/tiny/iter_2.pth')
    written = first.stat().st_mtime_ns

    tool('train.py', config_file, '--resume')['main']()
    # a training that starts afresh writes the first checkpoint again
    assert first.stat().st_mtime_ns == written
    assert [logged_steps(first), logged_steps(LAST)] == [2, 4]

    args = [LAST, '--work-dir', 'tested', '--out', 'out']
    tool('test.py', config_file, *args)['main']()
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
    tool('test.py', config_file, checkpoint, *args)['main']()
    assert len(list(painted.rglob('*.png'))) == 3


def test_command_line_before_config(tool, config_file):
    options = ['--cfg-options', 'work_dir=other', 'model.test_cfg.mode=slide']
    args = ['--work-dir', 'mine', '--launcher', 'slurm', *options]
    train = tool('train.py', config_file, *args)
    cfg = train['load_config'](train['parse_args']())
    assert cfg.work_dir == 'mine'
    assert cfg.launcher == 'slurm'
    assert cfg.model.test_cfg.mode == 'slide'

    train = tool('train.py', config_file, *options)
    assert train['load_config'](train['parse_args']()).work_dir == 'other'


def test_gpu_backend_without_gpus(tool, tiny_config):
    tiny_config.env_cfg.dist_cfg.backend = 'nccl'
    with pytest.raises(ValueError, match='dist_cfg.backend=gloo'):
        tool('train.py')['load_config'].__globals__['distribute_on_cpus'](
            tiny_config
        )


def test_amp_wraps_the_optimizer(tool, monkeypatch):
    enable_amp = tool('train.py')['enable_amp']
    monkeypatch.setitem(enable_amp.__globals__, 'get_device', lambda: 'cuda')
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    enable_amp(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'

    own = dict(type='AmpOptimWrapper', loss_scale=512.0)
    cfg = Config(dict(optim_wrapper=own))
    enable_amp(cfg)
    assert cfg.optim_wrapper.loss_scale == 512.0

    cfg = Config(dict(optim_wrapper=dict(type='ApexOptimWrapper')))
    with pytest.raises(ValueError, match='ApexOptimWrapper'):
        enable_amp(cfg)


def test_amp_without_accelerator(tool, monkeypatch):
    enable_amp = tool('train.py')['enable_amp']
    monkeypatch.setitem(enable_amp.__globals__, 'get_device', lambda: 'cpu')
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    with pytest.raises(ValueError, match='CPU: leave --amp out'):
        enable_amp(cfg)


@pytest.mark.parametrize('name', ['IoUMetric', 'mmseg.IoUMetric'])
def test_out_in_a_list_of_metrics(tool, name):
    metrics = [dict(type='mmproto.OODMetric'), dict(type=name)]
    cfg = Config(dict(test_evaluator=metrics))
    tool('test.py')['write_predictions'](cfg, 'folder')
    assert 'output_dir' not in cfg.test_evaluator[0]
    assert cfg.test_evaluator[1].output_dir == 'folder'


def test_impossible_requests_are_named(tool):
    test = tool('test.py', 'config', 'checkpoint', '--show')
    cfg = Config(dict(test_evaluator=dict(type='Odd'), default_hooks={}))
    with pytest.raises(ValueError, match='--out needs .* holds Odd'):
        test['write_predictions'](cfg, 'folder')
    with pytest.raises(ValueError, match='--tta needs'):
        test['augment'](cfg)
    with pytest.raises(ValueError, match='SegVisualizationHook'):
        test['draw_predictions'](cfg, test['parse_args']())
