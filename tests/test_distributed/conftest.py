"""Trainings of the tiny config, in this process or in several."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from ports import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Trains a config in this process; gives the last checkpoint."""

    def run(cfg, folder):
        cfg = cfg.copy()
        cfg.work_dir = str(tmp_path / folder)
        # Runners of one name share their logs and message hub.
        cfg.experiment_name = uuid4().hex
        # Half the time of a run goes into layouting its config for the log.
        with monkeypatch.context() as patch:
            patch.setattr(Config, 'pretty_text', '')
            Runner.from_cfg(cfg).train()
        return last_checkpoint(tmp_path / folder)

    return run


@pytest.fixture
def train_in_processes(tmp_path):
    """Trains a config by dist_train.sh; gives last checkpoint and log."""

    def run(cfg, processes):
        folder, file = tmp_path / 'processes', tmp_path / 'config.py'
        cfg.dump(file)
        command = [
            *('bash', ROOT / 'tools' / 'dist_train.sh', file, processes),
            *('--work-dir', folder),
            *('--cfg-options', 'env_cfg.dist_cfg.backend=gloo'),
        ]
        result = subprocess.run(
            [str(part) for part in command],
            env={
                **os.environ,
                'OMP_NUM_THREADS': '1',
                'PORT': str(free_port()),
                'PYTHON': sys.executable,
                'PYTHONPATH': os.pathsep.join(
                    [str(ROOT), os.environ.get('PYTHONPATH', '')]
                ),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, result.stdout[-5000:]
        return last_checkpoint(folder), result.stdout

    return run


def last_checkpoint(folder):
    file = (folder / 'last_checkpoint').read_text()
    return torch.load(file, weights_only=False)
