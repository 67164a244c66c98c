"""What the commands have in common that train the rows of a sweep."""

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING

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
        '--list',
        action='store_true',
        help='train nothing; say what is done, missing or failed',
    )


def end_with_this_command() -> None:
    """Let no training outlive the command that would start it again."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def report_failures(failed: 'Sequence[Run]') -> None:
    """Exit with 1 if any run failed."""
    if failed:
        names = '; '.join(run.name for run in failed)
        raise SystemExit(f'error: {len(failed)} failed: {names}')
