"""What the commands that train the rows of a sweep have in common."""

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path

from mmengine.logging import print_log

from mmproto.utils.files import atomic_path

from .execution import carry_out, check_runs
from .runs import Run, describe
from .table import Results


def add_run_arguments(parser: ArgumentParser) -> None:
    """Add the flags that say which runs, where, and whether to train."""
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


def list_runs(runs: Sequence[Run]) -> None:
    """Print how far each run has come."""
    for run in runs:
        print_log(f'{run.name}: {describe(run)}', logger=None)


def work_off(
    runs: Sequence[Run], names: Sequence[str], tools: Path, interval: int = 5
) -> list[Run]:
    """Carry out the runs of some rows.

    Args:
        runs: All of the sweep.
        names: Of the rows that are meant.
        tools: The folder of the commands that do the work.
        interval: Of the images that are measured again.

    Returns:
        The runs that failed.

    Raises:
        ValueError: Some could only fail after hours.
    """
    chosen = [run for run in runs if run.row.name in names]
    check_runs(runs, chosen)
    return carry_out(chosen, tools, interval)


def write_table(text: str, path: str | Path) -> None:
    """Write a text, and show it."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding='utf-8')
    print_log(f'{text}\n{path}', logger=None)


def write_figure(results: Results, path: str | Path) -> None:
    """Draw results into a PNG."""
    from .plot import draw_results  # slow to import

    with atomic_path(path) as temporary:
        draw_results(results).savefig(temporary)
    print_log(str(path), logger=None)


def run_command(work: Callable[[], list[Run]]) -> None:
    """Run a command that trains; exit with 1 if anything failed.

    Args:
        work: Does what the command line says; returns the failed runs.
    """
    # a training must not outlive the command that would start it again
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        failed = work()
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    if failed:
        names = '; '.join(run.name for run in failed)
        raise SystemExit(f'error: {len(failed)} failed: {names}')
