"""Train and measure the systems of a data set with equal budget.

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
from typing import TYPE_CHECKING, Any

from mmproto.commands.command import Command
from mmproto.commands.sweeps import (
    add_run_arguments,
    end_with_this_command,
    report_failures,
    work_off,
)
from mmproto.utils.environment import config_path
from mmproto.utils.files import write_json

if TYPE_CHECKING:
    from mmproto.ablation.runs import Run
    from mmproto.ablation.sweep import Sweep

DATA = ('street_toy', 'camvid')
SCRIPT = 'tools/analysis_tools/compare.py'


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        '--data', choices=DATA, required=True, help='data set to compare on'
    )
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


def training_images(sweep: 'Sweep', data: str) -> int:
    """Return the number of images that the systems train on.

    Raises:
        FileNotFoundError: They are not there; says what makes them.
    """
    from mmproto.ablation.configs import build_config
    from mmproto.ablation.equal_budget import count_images

    row = next(iter(sweep.rows.values()))
    try:
        return count_images(build_config(row, row.seeds[0]))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{error} tools/dataset_converters/{data}.py makes the data set.'
        ) from error


def called() -> str:
    """Return the command line of this process."""
    words = sys.argv[1:]
    as_command = words[:1] == ['compare']
    script = 'mmproto' if as_command else f'python {SCRIPT}'
    return f'{script} {shlex.join(words)}'


def write_comparison(
    args: Namespace, sweep: 'Sweep', runs: 'list[Run]', images: int
) -> None:
    """Write table, data and figure of what is done."""
    from mmproto.ablation.comparison import comparison_data, comparison_text
    from mmproto.ablation.equal_budget import system_lengths
    from mmproto.ablation.plot import write_figure
    from mmproto.ablation.results import load_records
    from mmproto.ablation.table import write_table

    lengths = system_lengths(runs)
    shown = [name for name in sweep.rows if name in lengths]
    seeds = [run.seed for run in runs]
    records = load_records(shown, args.work_dir, seeds)
    if not records:
        return
    data = comparison_data(
        records, runs, lengths, images, args.budget, called()
    )
    write_json(data, f'{args.out}.json')
    write_figure(data['rows'], f'{args.out}.png')
    text = comparison_text(data, sweep.columns, f'{Path(args.out).name}.png')
    write_table(text, f'{args.out}.md')


def work(args: Namespace) -> None:
    """Train and measure what is missing, and write the comparison.

    Raises:
        FileNotFoundError: The data set is missing.
        ValueError: The budget is not positive, there is no such system, or
            for the reasons of the functions below.
    """
    if args.budget is not None and not 0 < args.budget < math.inf:
        raise ValueError(f'--budget must be above 0, got {args.budget:g}')
    from mmproto.ablation.equal_budget import (
        check_equal,
        check_systems,
        prepare,
        system_lengths,
    )
    from mmproto.ablation.frozen import on_features
    from mmproto.ablation.runs import plan_runs
    from mmproto.ablation.sweep import choose_rows, read_sweep

    end_with_this_command()
    args.work_dir = args.work_dir or f'work_dirs/comparison_{args.data}'
    path = config_path(f'relatives/sweeps/{args.data}.py')
    sweep = read_sweep(path, args.seeds)
    check_systems(sweep)
    names = choose_rows(sweep.rows, args.systems)
    images = training_images(sweep, args.data)
    edit: Any = partial(prepare, epochs=args.budget)
    if args.frozen_features:
        edit = on_features(args.frozen_features, edit)
    runs = plan_runs(sweep, args.work_dir, edit=edit)
    chosen = [run for run in runs if run.row.name in names]
    if args.budget is None:
        check_equal(system_lengths(chosen))
    failed = work_off(args, chosen)
    if not args.list:
        write_comparison(args, sweep, chosen, images)
    report_failures(failed)


COMMAND = Command(
    __doc__,
    (
        '--data street_toy --budget 8 --seeds 0 1 2',
        '--data camvid --systems black_box proposed --list',
    ),
    add_arguments,
    work,
)
