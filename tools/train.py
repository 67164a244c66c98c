"""Train the model of a config: `python tools/train.py CONFIG`."""

from argparse import ArgumentParser, Namespace

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmproto.datasets.config_checks import check_config
from mmproto.utils.command_line import add_runner_arguments, load_config


def parse_args() -> Namespace:
    """Read the command line, which is that of mmseg's tools/train.py."""
    parser = ArgumentParser(description=__doc__)
    add_runner_arguments(parser)
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on from the newest checkpoint of the work dir, if any',
    )
    parser.add_argument(
        '--amp', action='store_true', help='automatic mixed precision'
    )
    return parser.parse_args()


def enable_amp(cfg: Config) -> None:
    """Put the automatic-mixed-precision wrapper around the optimizer.

    Args:
        cfg: its `optim_wrapper` is changed in place.

    Raises:
        ValueError: the config has a wrapper of its own kind, or there is no
            accelerator, without which mmengine's wrapper refuses to work.
    """
    wrapper = cfg.optim_wrapper
    if wrapper.type not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(
            '--amp replaces optim_wrapper.type OptimWrapper, but the config '
            f'has {wrapper.type}: set mixed precision in the config.'
        )
    if get_device() == 'cpu':
        raise ValueError(
            '--amp needs an accelerator, and this machine offers only its '
            'CPU: leave --amp out.'
        )
    if wrapper.type == 'OptimWrapper':
        wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')


def main() -> None:
    """Build the runner that the command line asks for, and train."""
    args = parse_args()
    cfg = load_config(args)
    cfg.resume = args.resume
    if args.amp:
        enable_amp(cfg)
    check_config(cfg, samples=0)  # the hook opens masks; this finds folders
    # a config may name another runner, as in mmseg
    build = RUNNERS.build if 'runner_type' in cfg else Runner.from_cfg
    build(cfg).train()


if __name__ == '__main__':
    main()
