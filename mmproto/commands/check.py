"""Check the data sets of a config: every pair, and the ids of every mask."""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command
from mmproto.commands.flags import add_cfg_options, add_config, read_config


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    add_config(parser, 'path of the config file')
    parser.add_argument(
        '--samples',
        type=int,
        help='masks to open in each data set, evenly spread (default: all)',
    )
    add_cfg_options(parser, 'entries of the config to replace')


def work(args: Namespace) -> None:
    """Print what is wrong; the exit code is 1 if anything is."""
    from mmproto.datasets.config_checks import find_config_problems

    found = find_config_problems(read_config(args), args.samples)
    for loader, problems in found.items():
        for problem in problems:
            print(f'{loader}: {problem}')
        if not problems:
            print(f'{loader}: as expected')
    if any(found.values()):
        raise SystemExit(1)


COMMAND = Command(
    __doc__,
    (
        'my_proto.py',
        'my_proto.py --samples 100 --cfg-options '
        'train_dataloader.dataset.data_root=data/mine',
    ),
    add_arguments,
    work,
)
