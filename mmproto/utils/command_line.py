"""What tools have in common: flags and the config."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch.distributed
from mmengine.config import Config, DictAction
from mmengine.device import get_device

from mmproto.utils.environment import set_up


def add_runner_arguments(parser: ArgumentParser) -> None:
    """Add the flags that mean the same in training and testing.

    Args:
        parser: gets `config` and the flags of mmengine's Runner.
    """
    parser.add_argument('config', help='path of the config file')
    parser.add_argument(
        '--work-dir',
        help='folder for logs, checkpoints and results; '
        'work_dirs/<name of the config> if the config names none',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='entries of the config to replace, such as '
        'train_dataloader.batch_size=4 or key="[(1,2),(3,4)]"; '
        'quoted and without blanks',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what has started the processes of this job',
    )
    # torch.distributed.launch passes the second spelling, as of torch 2.0
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def add_model_arguments(parser: ArgumentParser) -> None:
    """Add what tools need that look into a trained model.

    Args:
        parser: gets `config`, `checkpoint`, `--data-root` and `--device`.
    """
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='checkpoint, best a projected one')
    parser.add_argument(
        '--data-root', help='where the training images lie, if they moved'
    )
    parser.add_argument(
        '--device',
        default='cuda:0' if torch.cuda.is_available() else 'cpu',
        help='where to compute (default: %(default)s)',
    )


def load_config(args: Namespace) -> Config:
    """Read the config and apply the flags of `add_runner_arguments`.

    Args:
        args: the parsed command line.

    Returns:
        A config with `launcher` and `work_dir` set.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    set_up()
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    cfg.launcher = args.launcher
    cfg.work_dir = (
        args.work_dir
        or cfg.get('work_dir')
        or str(Path('work_dirs', Path(args.config).stem))
    )
    if cfg.launcher == 'pytorch' and get_device() == 'cpu':
        distribute_on_cpus(cfg)
    return cfg


def distribute_on_cpus(cfg: Config) -> None:
    """Start distributed work on a machine without GPUs.

    mmengine would choose a GPU for every process and hand it to the wrapper
    of the model, whatever the backend.

    Args:
        cfg: gets a wrapper without devices, unless it has its own.

    Raises:
        ValueError: the config asks for the backend of GPUs.
    """
    backend = cfg.env_cfg.dist_cfg.backend
    if backend == 'nccl':
        raise ValueError(
            'This machine has no GPU, which the backend nccl needs: add '
            '--cfg-options env_cfg.dist_cfg.backend=gloo'
        )
    torch.distributed.init_process_group(backend)
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    ) | cfg.get('model_wrapper_cfg', {})
