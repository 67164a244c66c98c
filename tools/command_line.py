"""What training and testing have in common: flags and the config."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmengine.config import Config, DictAction

from mmproto.environment import set_up


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
    return cfg
