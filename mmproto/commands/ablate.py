"""Train and measure the rows of an ablation, and lay out their table.

Every row and seed is trained in a folder of its own and leaves a small JSON
in WORK_DIR/results. What is there is not made again, so the same command goes
on after an interruption. configs/ablations/camvid.py shows what a sweep may
hold.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mmproto.commands.command import Command
from mmproto.commands.flags import add_cfg_options, config_file, config_options
from mmproto.commands.sweeps import (
    add_run_arguments,
    end_with_this_command,
    report_failures,
    work_off,
)

if TYPE_CHECKING:
    from mmproto.ablation.sweep import Sweep


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        'sweep',
        type=config_file,
        help='Python file that lists the rows, or mmproto::ablations/NAME.py',
    )
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
    add_cfg_options(parser, 'entries to replace in the config of every run')
    add_run_arguments(parser)
    parser.add_argument('--table', help='write a Markdown table of results')
    parser.add_argument('--figure', help='draw the results, a PNG')


def write_outputs(args: Namespace, sweep: 'Sweep', names: list[str]) -> None:
    """Write the table and the figure that are asked for."""
    from mmproto.ablation.plot import write_figure
    from mmproto.ablation.results import group_figures, load_records
    from mmproto.ablation.table import markdown_table, write_table

    shown = [name for name in names if not sweep.rows[name].stage]
    results = group_figures(load_records(shown, args.work_dir, args.seeds))
    if args.table:
        write_table(markdown_table(results, sweep.columns), args.table)
    if args.figure:
        write_figure(results, args.figure)


def work(args: Namespace) -> None:
    """Train and measure what is missing, and write what is asked for.

    Raises:
        ValueError: The interval is below 1, the figure is no PNG, or for
            the reasons of the functions below.
    """
    if args.interval < 1:
        raise ValueError(f'--interval must be at least 1, got {args.interval}')
    if args.figure and Path(args.figure).suffix != '.png':
        raise ValueError(f'--figure names a PNG file, got {args.figure}')
    from mmproto.ablation.frozen import on_features
    from mmproto.ablation.runs import plan_runs
    from mmproto.ablation.sweep import choose_rows, read_sweep

    end_with_this_command()
    sweep = read_sweep(args.sweep, args.seeds)
    names = choose_rows(sweep.rows, args.rows)
    options = config_options(args) if args.cfg_options else None
    frozen = args.frozen_features and on_features(args.frozen_features)
    runs = plan_runs(sweep, args.work_dir, options, args.interval, frozen)
    chosen = [run for run in runs if run.row.name in names]
    failed = work_off(args, chosen, args.interval)
    write_outputs(args, sweep, names)
    report_failures(failed)


COMMAND = Command(
    __doc__,
    (
        'mmproto::ablations/camvid.py --table ablation.md --figure '
        'ablation.png',
        'mmproto::ablations/street_toy.py --rows final --seeds 0 1 --list',
    ),
    add_arguments,
    work,
)
