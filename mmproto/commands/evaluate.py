"""Measure the explanations of a model: one table, one JSON, one figure.

Tests the model on the test data of its config, as `mmproto test` does, with
all metrics of explanations. docs/metrics.md says what they mean.
"""

import datetime
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmproto.commands.command import Command
from mmproto.commands.flags import (
    add_runner_arguments,
    check_files,
    load_config,
)
from mmproto.utils.files import check_writable, file_hash


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
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


def work(args: Namespace) -> None:
    """Test, print the table and write the files."""
    check_files(args)
    if Path(args.out).suffix != '.json':
        raise ValueError(f'--out names a JSON file, got {args.out}')
    check_writable(args.out)
    from mmengine.dist import is_main_process

    from mmproto.evaluation.report import ReportHeader, save_report
    from mmproto.evaluation.run import evaluate_explanations

    cfg = load_config(args)
    cfg.load_from = args.checkpoint
    evaluation = evaluate_explanations(cfg, args.interval)
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
        surrogate=evaluation.surrogate,
    )
    print(save_report(header, evaluation.reports, args.out))
    print(f'{args.out}\n{Path(args.out).with_suffix(".png")}')


COMMAND = Command(
    __doc__,
    (
        'my_proto.py model.pth',
        'my_proto.py model.pth --interval 1 --out report.json',
    ),
    add_arguments,
    work,
)
