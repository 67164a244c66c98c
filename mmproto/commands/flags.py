"""Flags that several commands have, and what they stand for."""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmproto.utils.environment import SCOPES, config_path, set_up

if TYPE_CHECKING:
    from mmengine.config import Config


def add_config(
    parser: ArgumentParser, text: str = 'config file of the training'
) -> None:
    """Add `config`: a path, or a config of this package or mmseg by name."""
    parser.add_argument(
        'config',
        type=config_file,
        help=f'{text}, or mmproto::NAME.py, or mmseg::FOLDER/NAME.py',
    )


def config_file(text: str) -> str:
    """Return the path of a config that `mmproto::` or `mmseg::` may begin."""
    if not text.startswith(SCOPES):
        return text
    try:
        return str(config_path(text))
    except FileNotFoundError as error:
        raise ArgumentTypeError(str(error)) from error


def add_cfg_options(parser: ArgumentParser, text: str) -> None:
    """Add `--cfg-options`, as mmseg's tools have it."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        type=_key_value,
        metavar='KEY=VALUE',
        help=text,
    )


def _key_value(text: str) -> str:
    if '=' not in text:
        raise ArgumentTypeError(f'expected KEY=VALUE, got {text!r}')
    return text


def add_device(parser: ArgumentParser, what: str = 'where to compute') -> None:
    """Add `--device`."""
    parser.add_argument(
        '--device', help=f'{what} (default: cuda:0 if there is one, else cpu)'
    )


def add_model_arguments(parser: ArgumentParser) -> None:
    """Add what commands need that look into a trained model.

    Args:
        parser: Gets `config`, `checkpoint`, `--data-root` and `--device`.
    """
    add_config(parser)
    parser.add_argument(
        'checkpoint', help='checkpoint, preferably a projected one'
    )
    parser.add_argument(
        '--data-root', help='where the training images are, if they moved'
    )
    add_device(parser)


def add_runner_arguments(parser: ArgumentParser) -> None:
    """Add the flags that mean the same in training and testing.

    Args:
        parser: Gets `config` and the flags of mmengine's Runner.
    """
    add_config(parser, 'path of the config file')
    parser.add_argument(
        '--work-dir',
        help='folder for logs, checkpoints and results; '
        'work_dirs/<name of the config> if the config names none',
    )
    add_cfg_options(
        parser,
        'entries of the config to replace, such as '
        'train_dataloader.batch_size=4 or key="[(1,2),(3,4)]"; '
        'quoted and without blanks',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes of this job',
    )
    # torch.distributed.launch passes the second spelling, as of torch 2.0
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def config_options(args: Namespace) -> dict[str, Any]:
    """Return the values of `--cfg-options`, as mmengine reads them."""
    from mmengine.config import DictAction

    options = Namespace()
    read = DictAction(['--cfg-options'], 'read', nargs='+')
    read(ArgumentParser(), options, args.cfg_options or [])
    return options.read


def read_config(args: Namespace) -> 'Config':
    """Read the config, and replace what `--cfg-options` names, if any.

    Raises:
        FileNotFoundError: There is no config.
    """
    from mmengine.config import Config

    if not Path(args.config).is_file():
        raise FileNotFoundError(f'there is no config at {args.config}')
    cfg = Config.fromfile(args.config)
    if getattr(args, 'cfg_options', None):
        cfg.merge_from_dict(config_options(args))
    return cfg


def device_of(args: Namespace) -> str:
    """Return the device to compute on."""
    import torch

    default = 'cuda:0' if torch.cuda.is_available() else 'cpu'
    return args.device or default


def load_model(args: Namespace, cfg: 'Config | None' = None) -> Any:
    """Load the model of `add_model_arguments`, by default of its config."""
    from mmproto.checkpoints.derived import load_strictly

    cfg = read_config(args) if cfg is None else cfg
    return load_strictly(cfg, args.checkpoint, device_of(args))[0]


def check_files(args: Namespace) -> None:
    """Refuse missing files before anything slow is imported.

    Raises:
        FileNotFoundError: There is no config or no checkpoint.
    """
    for path in (args.config, args.checkpoint):
        if not Path(path).is_file():
            raise FileNotFoundError(f'there is no file {path}')


def load_config(args: Namespace) -> 'Config':
    """Read the config and apply the flags of `add_runner_arguments`.

    Args:
        args: The parsed command line.

    Returns:
        A config with `launcher` and `work_dir` set.
    """
    from mmengine.device import get_device

    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    set_up()  # a load by the forks' mmengine forgets the classes we allowed
    cfg = read_config(args)
    cfg.launcher = args.launcher
    cfg.work_dir = (
        args.work_dir
        or cfg.get('work_dir')
        or str(Path('work_dirs', Path(args.config).stem))
    )
    if cfg.launcher == 'pytorch' and get_device() == 'cpu':
        distribute_on_cpus(cfg)
    return cfg


def leave_process_group() -> None:
    """End distributed work, if there was any.

    Threads of the backend that live on can abort a process at its exit.
    """
    import torch.distributed

    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def distribute_on_cpus(cfg: 'Config') -> None:
    """Start distributed work on a machine without GPUs.

    mmengine would choose a GPU for every process and hand it to the wrapper
    of the model, whatever the backend.

    Args:
        cfg: Gets a wrapper without devices, unless it has its own.

    Raises:
        ValueError: The config asks for the backend of GPUs.
    """
    import torch.distributed

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
