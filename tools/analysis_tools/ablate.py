"""Train and measure the rows of an ablation, and lay out their table.

    python tools/analysis_tools/ablate.py configs/ablations/camvid.py \
        --table ablation.md --figure ablation.png

Every row and seed is trained in a folder of its own and leaves a small JSON
in WORK_DIR/results. What is there is not made again, so the same command goes
on after an interruption. configs/ablations/camvid.py shows what a sweep may
hold.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmengine.config import DictAction

from mmproto.ablation.command import (
    add_run_arguments,
    list_runs,
    run_command,
    work_off,
    write_figure,
    write_table,
)
from mmproto.ablation.runs import Run, plan_runs
from mmproto.ablation.sweep import (
    Sweep,
    choose_rows,
    read_sweep,
    shown_rows,
)
from mmproto.ablation.table import load_results, markdown_table

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
    add_run_arguments(parser)
    parser.add_argument('--table', help='write a Markdown table of results')
    parser.add_argument('--figure', help='draw the results, a PNG')
    return parser.parse_args()


def write_outputs(args: Namespace, sweep: Sweep, names: list[str]) -> None:
    """Write the table and the figure that are asked for."""
    shown = shown_rows(sweep.rows, names)
    results = load_results(shown, args.work_dir, args.seeds)
    if args.table:
        write_table(markdown_table(results, sweep.columns), args.table)
    if args.figure:
        write_figure(results, args.figure)


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
    names = choose_rows(sweep.rows, args.rows)
    runs = plan_runs(sweep, args.work_dir, args.cfg_options, args.interval)
    failed: list[Run] = []
    if args.list:
        list_runs([run for run in runs if run.row.name in names])
    else:
        failed = work_off(runs, names, TOOLS, args.interval)
    write_outputs(args, sweep, names)
    return failed


if __name__ == '__main__':
    run_command(lambda: work(parse_args()))
