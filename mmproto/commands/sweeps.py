"""What the commands have in common that train the rows of a sweep."""

import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmproto.utils.environment import shipped

if TYPE_CHECKING:
    from mmproto.ablation.runs import Run


def add_run_arguments(parser: ArgumentParser) -> None:
    """Add the flags that say which seeds, and whether to train."""
    parser.add_argument(
        '--seeds',
        nargs='+',
        type=int,
        metavar='N',
        help='instead of the seeds of the sweep',
    )
    parser.add_argument(
        '--frozen-features',
        metavar='CHECKPOINT',
        help="train everything but the backbone, on features of this model's "
        'backbone that are kept in work_dirs/feature_cache: many times '
        'faster; not for rows with two views of an image',
    )
    parser.add_argument(
        '--list',
        action='store_true',
        help='train nothing; say what is done, missing or failed',
    )


def end_with_this_command() -> None:
    """Let no training outlive the command that would start it again."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def work_off(
    args: Namespace, runs: 'Sequence[Run]', interval: int = 5
) -> 'list[Run]':
    """Train and measure runs, or list them if asked; return what failed."""
    from mmengine.logging import print_log

    from mmproto.ablation.execution import carry_out
    from mmproto.ablation.runs import describe

    if not args.list:
        return carry_out(runs, shipped('tools'), interval)
    for run in runs:
        print_log(f'{run.name}: {describe(run)}', logger=None)
    return []


def report_failures(failed: 'Sequence[Run]') -> None:
    """Exit with 1 if any run failed."""
    if failed:
        names = '; '.join(run.name for run in failed)
        raise SystemExit(f'error: {len(failed)} failed: {names}')
