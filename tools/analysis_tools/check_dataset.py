"""Check the data sets of a config: every pair, and the ids of every mask."""

from argparse import ArgumentParser, Namespace

from mmengine.config import Config, DictAction

from mmproto.datasets.config_checks import find_config_problems
from mmproto.utils.environment import set_up


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the config file')
    parser.add_argument(
        '--samples',
        type=int,
        help='masks to open in each data set, evenly spread (default: all)',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='entries of the config to replace',
    )
    return parser.parse_args()


def main() -> None:
    """Print what is wrong; the exit code is 1 if anything is."""
    args = parse_args()
    set_up()
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    found = find_config_problems(cfg, args.samples)
    for loader, problems in found.items():
        for problem in problems:
            print(f'{loader}: {problem}')
        if not problems:
            print(f'{loader}: as expected')
    if any(found.values()):
        raise SystemExit(1)


if __name__ == '__main__':
    main()
