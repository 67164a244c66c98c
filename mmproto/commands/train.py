"""Train the model of a config."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from mmproto.commands.command import Command
from mmproto.commands.flags import (
    add_runner_arguments,
    leave_process_group,
    load_config,
)

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags, which are those of mmseg's tools/train.py."""
    add_runner_arguments(parser)
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on from the newest checkpoint of the work dir, if any',
    )
    parser.add_argument(
        '--amp', action='store_true', help='automatic mixed precision'
    )


def enable_amp(cfg: 'Config') -> None:
    """Put the automatic-mixed-precision wrapper around the optimizer.

    Args:
        cfg: Its `optim_wrapper` is changed in place.

    Raises:
        ValueError: The config has a wrapper of its own kind, or there is no
            accelerator, without which mmengine's wrapper refuses to work.
    """
    from mmengine.device import get_device

    wrapper = cfg.optim_wrapper
    if wrapper.type not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(
            '--amp replaces optim_wrapper.type OptimWrapper, but the config '
            f'has {wrapper.type}: set mixed precision in the config.'
        )
    if get_device() == 'cpu':
        raise ValueError(
            '--amp needs an accelerator, and this machine has only its '
            'CPU: leave --amp out.'
        )
    if wrapper.type == 'OptimWrapper':
        wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')


def work(args: Namespace) -> None:
    """Train."""
    from mmengine.registry import RUNNERS
    from mmengine.runner import Runner

    from mmproto.datasets.config_checks import check_config

    cfg = load_config(args)
    cfg.resume = args.resume
    if args.amp:
        enable_amp(cfg)
    check_config(cfg, samples=0)  # the hook opens masks; this finds folders
    # a config may name another runner, as in mmseg
    build = RUNNERS.build if 'runner_type' in cfg else Runner.from_cfg

    build(cfg).train()
    leave_process_group()


COMMAND = Command(
    __doc__,
    (
        'my_proto.py --work-dir work_dirs/mine',
        'my_proto.py --resume --cfg-options train_dataloader.batch_size=4',
    ),
    add_arguments,
    work,
)
