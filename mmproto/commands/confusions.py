"""Find the concepts that cause the confusions of a model on a data set.

Writes confusions.json and .csv with all of them, and confusions.md with a
contact sheet for each of the most frequent ones.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmproto.commands.command import Command
from mmproto.commands.flags import (
    add_model_arguments,
    check_files,
    load_model,
    read_config,
)
from mmproto.utils.files import check_writable
from mmproto.utils.origin import Origin


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
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


def work(args: Namespace) -> None:
    """Measure, and print the sentences and the paths of the files."""
    check_files(args)
    if args.top < 1:
        raise ValueError(f'--top must be at least 1, got {args.top}')
    check_writable(Path(args.out, 'confusions.json'))
    from mmengine.runner import Runner

    from mmproto.confusions import (
        measure_confusions,
        save_confusions,
        use_split,
    )
    from mmproto.confusions.text import sentence
    from mmproto.models.facts import ModelFacts

    origin = Origin(args.config, args.checkpoint)
    cfg, loader = use_split(read_config(args), args.split)
    facts = ModelFacts.of(load_model(args, cfg))
    found = measure_confusions(facts, Runner.build_dataloader(loader))
    target = args.split, args.out, args.top, args.data_root
    data, paths = save_confusions(found, facts, origin, *target)
    for row in data['confusions'][: args.top]:
        if row['pixels']:
            print(sentence(data, row))
    print(f'{found.wrong:,} of {found.matrix.sum():,} pixels are wrong')
    if facts.surrogate is not None:
        print(facts.surrogate.sentence())
    for path in paths:
        print(path)


COMMAND = Command(
    __doc__,
    (
        'my_proto.py model.pth',
        'my_proto.py model.pth --split test --top 20 --out confusions',
    ),
    add_arguments,
    work,
)
