"""Test a checkpoint on the test data of its config."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from mmproto.commands.command import Command
from mmproto.commands.flags import (
    add_runner_arguments,
    check_files,
    leave_process_group,
    load_config,
)

if TYPE_CHECKING:
    from mmengine.config import Config

# the metrics of mmseg that can write what the model predicted
WRITERS = ('IoUMetric', 'CityscapesMetric')


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags, which are those of mmseg's tools/test.py."""
    add_runner_arguments(parser)
    parser.add_argument('checkpoint', help='path of the checkpoint')
    parser.add_argument(
        '--out', help='folder for the predicted label images (PNG)'
    )
    parser.add_argument(
        '--show', action='store_true', help='show predictions in a window'
    )
    parser.add_argument('--show-dir', help='folder for painted predictions')
    parser.add_argument(
        '--wait-time',
        type=float,
        default=2,
        help='how long --show leaves an image on the screen, in seconds',
    )
    parser.add_argument(
        '--tta', action='store_true', help='test-time augmentation'
    )


def draw_predictions(cfg: 'Config', args: Namespace) -> None:
    """Turn on the hook that shows or paints predictions.

    Args:
        cfg: Its visualization hook and visualizer are changed in place.
        args: The parsed command line.

    Raises:
        ValueError: The config has no visualization hook.
    """
    if 'visualization' not in cfg.default_hooks:
        raise ValueError(
            '--show and --show-dir need default_hooks.visualization: add '
            "visualization=dict(type='SegVisualizationHook') to the config."
        )
    hook = cfg.default_hooks.visualization
    hook.draw = True
    if args.show:
        hook.update(show=True, wait_time=args.wait_time)
    if args.show_dir:
        cfg.visualizer.save_dir = args.show_dir


def write_predictions(cfg: 'Config', folder: str) -> None:
    """Let the first metric that can do it write predicted label images.

    Args:
        cfg: Its `test_evaluator`, one metric or a list, is changed in place.
        folder: Where the images go.

    Raises:
        ValueError: No metric of the config can write predictions.
    """
    metrics = cfg.test_evaluator
    metrics = [metrics] if isinstance(metrics, dict) else metrics
    for metric in metrics:
        if metric.type.rpartition('.')[2] in WRITERS:
            metric.update(output_dir=folder, keep_results=True)
            return
    raise ValueError(
        f'--out needs one of {", ".join(WRITERS)} in test_evaluator, but it '
        f'holds {", ".join(metric.type for metric in metrics) or "nothing"}.'
    )


def augment(cfg: 'Config') -> None:
    """Test with the augmentation that the config describes.

    Args:
        cfg: Its model and test pipeline are replaced in place.

    Raises:
        ValueError: The config describes none.
    """
    if 'tta_model' not in cfg or 'tta_pipeline' not in cfg:
        raise ValueError(
            '--tta needs tta_model and tta_pipeline in the config'
        )
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.tta_model.module = cfg.model
    cfg.model = cfg.tta_model


def work(args: Namespace) -> None:
    """Test."""
    from mmengine.runner import Runner

    cfg = load_config(args)
    cfg.load_from = args.checkpoint
    if args.show or args.show_dir:
        draw_predictions(cfg, args)
    if args.tta:
        augment(cfg)
    if args.out:
        write_predictions(cfg, args.out)
    if '://' not in args.checkpoint:  # mmengine loads from addresses too
        check_files(args)
    Runner.from_cfg(cfg).test()
    leave_process_group()


COMMAND = Command(
    __doc__,
    (
        'my_proto.py work_dirs/my_proto/iter_368.pth',
        'my_proto.py work_dirs/my_proto/iter_368.pth --out predictions',
    ),
    add_arguments,
    work,
)
