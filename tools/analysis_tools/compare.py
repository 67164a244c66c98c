"""Train and measure the systems of a data set with equal budget.

    python tools/analysis_tools/compare.py --data street_toy --budget 8 \
        --seeds 0 1 2

The systems are the rows of configs/relatives/sweeps/<data>.py. Each sees as
many samples as the others; what is done is not done again, so the same command
goes on after an interruption. Writes comparison.md, comparison.json and
comparison.png.
"""

import math
import shlex
import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from mmproto.ablation.command import (
    add_run_arguments,
    list_runs,
    run_command,
    work_off,
    write_figure,
    write_table,
)
from mmproto.ablation.comparison import comparison_data, comparison_text
from mmproto.ablation.configs import build_config
from mmproto.ablation.equal_budget import (
    check_equal,
    check_systems,
    count_images,
    prepare,
    system_lengths,
)
from mmproto.ablation.runs import Run, plan_runs
from mmproto.ablation.sweep import (
    Sweep,
    choose_rows,
    read_sweep,
    shown_rows,
)
from mmproto.ablation.table import load_records
from mmproto.utils.environment import config_path
from mmproto.utils.files import write_json

TOOLS = Path(__file__).resolve().parents[1]
DATA = ('street_toy', 'camvid')


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', choices=DATA, required=True)
    parser.add_argument(
        '--budget',
        type=float,
        metavar='EPOCHS',
        help='samples that each system sees, in passes over the training '
        'images (default: what the configs say, if that is the same for all)',
    )
    parser.add_argument(
        '--work-dir',
        help='folder of all runs and results '
        '(default: work_dirs/comparison_<data>)',
    )
    parser.add_argument(
        '--systems', nargs='+', metavar='NAME', help='only these'
    )
    parser.add_argument(
        '--out',
        default='comparison',
        help='names the table, its data and the figure, without suffix '
        '(default: %(default)s)',
    )
    add_run_arguments(parser)
    return parser.parse_args()


def training_images(sweep: Sweep, data: str) -> int:
    """Number of images that the systems train on.

    Raises:
        FileNotFoundError: they are not there; says what makes them.
    """
    row = next(iter(sweep.rows.values()))
    try:
        return count_images(build_config(row, row.seeds[0]))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{error} tools/dataset_converters/{data}.py makes the data set.'
        ) from error


def write_outputs(
    args: Namespace, sweep: Sweep, runs: list[Run], images: int
) -> None:
    """Write table, data and figure of what is done."""
    names = dict.fromkeys(run.row.name for run in runs)
    shown = shown_rows(sweep.rows, [n for n in sweep.rows if n in names])
    seeds = [run.seed for run in runs]
    records = load_records(shown, args.work_dir, seeds)
    if not records:
        return
    flags = shlex.join(sys.argv[1:])
    command = f'python tools/analysis_tools/compare.py {flags}'
    data = comparison_data(
        records, runs, system_lengths(runs), images, args.budget, command
    )
    write_json(data, f'{args.out}.json')
    write_figure(data['rows'], f'{args.out}.png')
    text = comparison_text(data, sweep.columns, f'{Path(args.out).name}.png')
    write_table(text, f'{args.out}.md')


def work(args: Namespace) -> list[Run]:
    """Do what the command line says; return what failed.

    Raises:
        FileNotFoundError: the data set is missing.
        ValueError: the budget is not positive, there is no such system, or
            for the reasons of the functions below.
    """
    if args.budget is not None and not 0 < args.budget < math.inf:
        raise ValueError(f'--budget must be above 0, got {args.budget:g}')
    args.work_dir = args.work_dir or f'work_dirs/comparison_{args.data}'
    path = config_path(f'relatives/sweeps/{args.data}.py')
    sweep = read_sweep(path, args.seeds)
    check_systems(sweep)
    names = choose_rows(sweep.rows, args.systems)
    images = training_images(sweep, args.data)
    edit = partial(prepare, epochs=args.budget)
    runs = plan_runs(sweep, args.work_dir, edit=edit)
    chosen = [run for run in runs if run.row.name in names]
    if args.budget is None:
        check_equal(system_lengths(chosen))
    if args.list:
        list_runs(chosen)
        return []
    failed = work_off(runs, names, TOOLS)
    write_outputs(args, sweep, chosen, images)
    return failed


if __name__ == '__main__':
    run_command(lambda: work(parse_args()))
