"""Find the concepts that cause the confusions of a model on a data set.

    python tools/analysis_tools/confusions_by_concept.py CONFIG CHECKPOINT

Writes confusions.json and .csv with all of them, and confusions.md with a
contact sheet for each of the most frequent ones.
"""

import argparse
from pathlib import Path

# Says what is wrong with the stack before mmseg is imported.
import mmproto  # noqa: F401 - configs find their bases
from mmproto.utils.command_line import add_model_arguments
from mmproto.utils.files import check_writable
from mmproto.utils.origin import Origin


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_model_arguments(parser)
    parser.add_argument(
        '--split',
        choices=['val', 'test', 'train'],
        default='val',
        help='data set of the config, with labels (default: %(default)s)',
    )
    parser.add_argument(
        '--out',
        default='work_dirs/confusions',
        help='folder for all files (default: %(default)s)',
    )
    parser.add_argument(
        '--top',
        type=int,
        default=12,
        metavar='N',
        help='confusions that get a contact sheet (default: %(default)s)',
    )
    return parser.parse_args()


def check_arguments(args: argparse.Namespace) -> None:
    """Refuse what could only fail after the whole pass.

    Raises:
        FileNotFoundError: If there is no config or no checkpoint.
        ValueError: If there is nothing to draw, or nowhere to write.
    """
    for path in (args.config, args.checkpoint):
        if not Path(path).is_file():
            raise FileNotFoundError(f'there is no file {path}')
    if args.top < 1:
        raise ValueError(f'--top must be at least 1, got {args.top}')
    check_writable(Path(args.out, 'confusions.json'))


def main() -> None:
    """Measure, print the sentences and the paths of the files."""
    args = parse_args()
    # after the command line: this takes seconds and prints of mmseg
    from mmengine.config import Config
    from mmengine.runner import Runner

    from mmproto.checkpoints.derived import load_strictly
    from mmproto.confusions import (
        measure_confusions,
        save_confusions,
        use_split,
    )
    from mmproto.confusions.text import sentence
    from mmproto.models.facts import ModelFacts

    try:
        check_arguments(args)
        origin = Origin(args.config, args.checkpoint)
        cfg, loader = use_split(Config.fromfile(args.config), args.split)
        model, _ = load_strictly(cfg, args.checkpoint, args.device)
        facts = ModelFacts.of(model)
        found = measure_confusions(facts, Runner.build_dataloader(loader))
        data, paths = save_confusions(
            found,
            facts,
            origin,
            args.split,
            args.out,
            args.top,
            args.data_root,
        )
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    for row in data['confusions'][: args.top]:
        if row['pixels']:
            print(sentence(data, row))
    print(f'{found.wrong:,} of {found.matrix.sum():,} pixels are wrong')
    for path in paths:
        print(path)


if __name__ == '__main__':
    main()
