"""Measure the explanations of a model: one table, one JSON, one figure.

    python tools/analysis_tools/evaluate_explanations.py CONFIG CHECKPOINT

Tests the model on the test data of its config, as tools/test.py does, with
all metrics of explanations. docs/metrics.md says what they mean.
"""

import datetime
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmengine.dist import is_main_process

from mmproto.utils.command_line import add_runner_arguments, load_config
from mmproto.utils.files import check_writable, file_hash


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
        default=25,
        metavar='N',
        help='every N-th image is looked at again, with noise and at other '
        'sizes (default: %(default)s)',
    )
    return parser.parse_args()


def check_files(args: Namespace) -> None:
    """Refuse what could only fail after the test.

    Raises:
        FileNotFoundError: there is no config or no checkpoint.
        ValueError: the report cannot be written.
    """
    for path in (args.config, args.checkpoint):
        if not Path(path).is_file():
            raise FileNotFoundError(f'there is no file {path}')
    if Path(args.out).suffix != '.json':
        raise ValueError(f'--out names a JSON file, got {args.out}')
    check_writable(args.out)


def main() -> None:
    """Test, print the table and write the files."""
    args = parse_args()
    # after the command line: this takes seconds and prints of mmseg
    from mmproto.evaluation.report import ReportHeader, save_report
    from mmproto.evaluation.run import evaluate_explanations

    try:
        check_files(args)
        cfg = load_config(args)
        cfg.load_from = args.checkpoint
        evaluation = evaluate_explanations(cfg, args.interval)
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    if not is_main_process():
        return
    header = ReportHeader(
        config=args.config,
        checkpoint=args.checkpoint,
        data_set=cfg.test_dataloader.dataset.type,
        num_images=evaluation.num_images,
        classes=evaluation.classes,
        date=datetime.date.today().isoformat(),
        accuracy=evaluation.accuracy,
        sha256=file_hash(args.checkpoint),
    )
    print(save_report(header, evaluation.reports, args.out))
    print(f'{args.out}\n{Path(args.out).with_suffix(".png")}')


if __name__ == '__main__':
    main()
