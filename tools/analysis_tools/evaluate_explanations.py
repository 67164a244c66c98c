"""Measure the explanations of a model: one table, one JSON, one figure.

    python tools/analysis_tools/evaluate_explanations.py CONFIG CHECKPOINT

Tests the model on the test data of its config, as tools/test.py does, with
all metrics of explanations. docs/metrics.md says what they mean.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmengine.dist import is_main_process

from mmproto.command_line import add_runner_arguments, load_config


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    add_runner_arguments(parser)
    parser.add_argument('checkpoint', help='path of the checkpoint')
    parser.add_argument(
        '--out',
        default='work_dirs/explanations.json',
        help='the JSON; the figure lies beside it (default: %(default)s)',
    )
    parser.add_argument(
        '--interval',
        type=int,
        default=16,
        metavar='N',
        help='every N-th image is shown to the network again, with noise and '
        'at other sizes (default: %(default)s)',
    )
    return parser.parse_args()


def main() -> None:
    """Test, print the table and write the files."""
    from mmproto.evaluation.run import evaluate_explanations

    args = parse_args()
    if not Path(args.checkpoint).is_file():
        raise SystemExit(f'error: there is no checkpoint {args.checkpoint}')
    try:
        cfg = load_config(args)
        cfg.load_from = args.checkpoint
        evaluation = evaluate_explanations(cfg, args.interval)
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    if not is_main_process():
        return
    ...


if __name__ == '__main__':
    main()
