"""Test a checkpoint: `python tools/test.py CONFIG CHECKPOINT`."""

from argparse import ArgumentParser, Namespace

from mmengine.config import Config
from mmengine.runner import Runner

from mmproto.utils.command_line import add_runner_arguments, load_config

# the metrics of mmseg that can write what the model predicted
WRITERS = ('IoUMetric', 'CityscapesMetric')


def parse_args() -> Namespace:
    """Read the command line, which is that of mmseg's tools/test.py."""
    parser = ArgumentParser(description=__doc__)
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
    return parser.parse_args()


def draw_predictions(cfg: Config, args: Namespace) -> None:
    """Turn on the hook that shows or paints predictions.

    Args:
        cfg: its visualization hook and visualizer are changed in place.
        args: the parsed command line.

    Raises:
        ValueError: the config has no visualization hook.
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


def write_predictions(cfg: Config, folder: str) -> None:
    """Let the first metric that can do it write predicted label images.

    Args:
        cfg: its `test_evaluator`, one metric or a list, is changed in place.
        folder: where to.

    Raises:
        ValueError: no metric of the config can write predictions.
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


def augment(cfg: Config) -> None:
    """Test with the augmentation that the config describes.

    Args:
        cfg: its model and test pipeline are replaced in place.

    Raises:
        ValueError: the config describes none.
    """
    if 'tta_model' not in cfg or 'tta_pipeline' not in cfg:
        raise ValueError(
            '--tta needs tta_model and tta_pipeline in the config'
        )
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.tta_model.module = cfg.model
    cfg.model = cfg.tta_model


def main() -> None:
    """Build the runner that the command line asks for, and test."""
    args = parse_args()
    cfg = load_config(args)
    cfg.load_from = args.checkpoint
    if args.show or args.show_dir:
        draw_predictions(cfg, args)
    if args.tta:
        augment(cfg)
    if args.out:
        write_predictions(cfg, args.out)
    Runner.from_cfg(cfg).test()


if __name__ == '__main__':
    main()
