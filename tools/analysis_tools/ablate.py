"""Train and measure the rows of an ablation, and lay out their table.

    python tools/analysis_tools/ablate.py configs/ablations/camvid.py \
        --table ablation.md --figure ablation.png

Every row and seed is trained in a folder of its own and leaves a small JSON
in WORK_DIR/results. What is there is not made again, so the same command goes
on after an interruption. configs/ablations/camvid.py shows what a sweep may
hold.
"""

import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import DictAction

from mmproto.ablation.execution import carry_out, check_runs
from mmproto.ablation.runs import Run, describe, plan_runs
from mmproto.ablation.sweep import Sweep, read_sweep
from mmproto.ablation.table import load_results, markdown_table
from mmproto.files import atomic_path

TOOLS = Path(__file__).resolve().parents[1]


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('sweep', help='Python file that lists the rows')
    parser.add_argument(
        '--work-dir',
        default='work_dirs/ablation',
        help='folder of all runs and results (default: %(default)s)',
    )
    parser.add_argument(
        '--rows', nargs='+', metavar='NAME', help='only these rows'
    )
    parser.add_argument(
        '--seeds',
        nargs='+',
        type=int,
        metavar='N',
        help='instead of the seeds of the sweep',
    )
    parser.add_argument(
        '--interval',
        type=int,
        default=5,
        metavar='N',
        help='every N-th image is measured with noise and at other sizes '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='entries to replace in the config of every run',
    )
    add_output_arguments(parser)
    return parser.parse_args()


def add_output_arguments(parser: ArgumentParser) -> None:
    """Add the flags that say what to do with the results."""
    parser.add_argument(
        '--list',
        action='store_true',
        help='train nothing; say what is done, missing or failed',
    )
    parser.add_argument('--table', help='write a Markdown table of results')
    parser.add_argument('--figure', help='draw the results, a PNG')


def choose(sweep: Sweep, names: Sequence[str] | None) -> list[str]:
    """Names of the rows that the command is about, in the sweep's order.

    Raises:
        ValueError: the sweep has no such row.
    """
    unknown = [name for name in names or () if name not in sweep.rows]
    if unknown:
        raise ValueError(
            f'--rows: there is no {", ".join(unknown)}; the sweep has '
            f'{", ".join(sweep.rows)}'
        )
    return [n for n in sweep.rows if names is None or n in names]


def write_outputs(args: Namespace, sweep: Sweep, names: list[str]) -> None:
    """Write the table and the figure that are asked for."""
    results = load_results(names, args.work_dir, args.seeds)
    if args.table:
        text = markdown_table(results, sweep.columns)
        with atomic_path(args.table) as temporary:
            temporary.write_text(text, encoding='utf-8')
        print(f'{text}\n{args.table}')
    if args.figure:
        from mmproto.ablation.plot import draw_results  # slow to import

        with atomic_path(args.figure) as temporary:
            draw_results(results).savefig(temporary)
        print(args.figure)


def work(args: Namespace) -> list[Run]:
    """Do what the command line says; return what failed.

    Raises:
        ValueError: the interval is below 1, the figure is no PNG, or for
            the reasons of the functions below.
    """
    if args.interval < 1:
        raise ValueError(f'--interval must be at least 1, got {args.interval}')
    if args.figure and Path(args.figure).suffix != '.png':
        raise ValueError(f'--figure names a PNG file, got {args.figure}')
    sweep = read_sweep(args.sweep, args.seeds)
    names = choose(sweep, args.rows)
    runs = plan_runs(sweep, args.work_dir, args.cfg_options, args.interval)
    chosen = [run for run in runs if run.row.name in names]
    failed: list[Run] = []
    if args.list:
        for run in chosen:
            print(f'{run.name}: {describe(run)}')
    else:
        check_runs(runs, chosen)
        failed = carry_out(chosen, TOOLS, args.interval)
    write_outputs(args, sweep, names)
    return failed


def main() -> None:
    """Exit with 1 if anything failed."""
    # a training must not outlive the command that would start it again
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        failed = work(parse_args())
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    if failed:
        names = '; '.join(run.name for run in failed)
        raise SystemExit(f'error: {len(failed)} failed: {names}')


if __name__ == '__main__':
    main()
