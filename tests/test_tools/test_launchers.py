"""The launch scripts: what they start, with which arguments."""

import os
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
# flags with blanks and quotes must arrive as they are
FLAGS = ['--cfg-options', 'a="[(1, 2)]"', 'b=c']


@pytest.fixture
def launch(tmp_path):
    """Run a script with stand-ins that print the arguments they get."""
    for name in ('python', 'srun'):
        program = tmp_path / name
        program.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
        program.chmod(0o755)

    def run(script, *args, **variables):
        path = f'{tmp_path}{os.pathsep}{os.environ["PATH"]}'
        environment = {'PATH': path, **variables}
        done = subprocess.run(
            ['bash', TOOLS / script, *args, *FLAGS],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        program, *words = done.stdout.splitlines()
        return Path(program).name, words

    return run


@pytest.mark.parametrize(
    ('script', 'args', 'started'),
    [
        ('dist_train.sh', ['config', '3'], ['train.py', 'config']),
        (
            'dist_test.sh',
            ['config', 'ckpt', '3'],
            ['test.py', 'config', 'ckpt'],
        ),
    ],
)
def test_torchrun(launch, script, args, started):
    variables = dict(NNODES='2', NODE_RANK='1', MASTER_ADDR='a', PORT='5')
    program, words = launch(script, *args, **variables)
    assert program == 'python'
    assert words == [
        '-m',
        'torch.distributed.run',
        '--nnodes=2',
        '--node_rank=1',
        '--master_addr=a',
        '--master_port=5',
        '--nproc_per_node=3',
        str(TOOLS / started[0]),
        *started[1:],
        '--launcher',
        'pytorch',
        *FLAGS,
    ]


@pytest.mark.parametrize(
    ('script', 'args', 'started'),
    [
        ('slurm_train.sh', ['config'], ['train.py', 'config']),
        ('slurm_test.sh', ['config', 'ckpt'], ['test.py', 'config', 'ckpt']),
    ],
)
def test_slurm(launch, script, args, started):
    variables = dict(GPUS='16', GPUS_PER_NODE='8', SRUN_ARGS='--mem=1 -Q')
    program, words = launch(script, 'part', 'job', *args, **variables)
    assert program == 'srun'
    assert words == [
        '--partition=part',
        '--job-name=job',
        '--ntasks=16',
        '--ntasks-per-node=8',
        '--gres=gpu:8',
        '--cpus-per-task=5',
        '--kill-on-bad-exit=1',
        '--mem=1',
        '-Q',
        'python',
        '-u',
        str(TOOLS / started[0]),
        *started[1:],
        '--launcher',
        'slurm',
        *FLAGS,
    ]
