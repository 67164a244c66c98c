"""Fit concepts to a segmentor that is trained already, and say how faithful.

The segmentor is frozen. What its backbone says about every training image is
kept on the disk, a concept head is fitted on it, and its prototypes are
projected onto training patches. --out gets a config that inherits yours, a
checkpoint for every other command, and a report.

With --target model the concepts explain the segmentor itself: they are fitted
to its own predictions, and no labels are needed.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from mmproto.commands.command import Command
from mmproto.commands.flags import add_config, check_files, config_file
from mmproto.fitting.options import (
    DEFAULT_ITERS,
    SHORTEST,
    TARGETS,
    FitOptions,
)

DEFAULTS = FitOptions()


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    add_config(parser, 'config of the segmentor')
    parser.add_argument('checkpoint', help='its weights, left as they are')
    parser.add_argument(
        '--out',
        required=True,
        metavar='DIR',
        help='folder for concepts.py, concepts.pth and report.json',
    )
    parser.add_argument(
        '--target',
        choices=TARGETS,
        default=DEFAULTS.target,
        help="fit to the labels, or to the segmentor's own predictions "
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--concepts',
        type=int,
        default=DEFAULTS.concepts,
        metavar='K',
        help='number of concepts (default: %(default)s)',
    )
    parser.add_argument(
        '--data',
        type=config_file,
        metavar='CONFIG',
        help='take the data of this config instead',
    )
    parser.add_argument(
        '--layers',
        nargs='+',
        type=int,
        metavar='STAGE',
        help='maps of the backbone to use, counted from 0; by default those '
        "that the segmentor's own heads read",
    )
    _add_lengths(parser.add_mutually_exclusive_group())
    _add_machine(parser.add_argument_group('machine'))
    parser.add_argument(
        '--min-agreement',
        type=float,
        default=DEFAULTS.min_agreement,
        metavar='SHARE',
        help='warn if the two models say the same at fewer pixels '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='read a checkpoint that holds more than weights and plain '
        'types; such a file can run any code',
    )


def _add_lengths(group: Any) -> None:
    group.add_argument(
        '--max-iters',
        type=int,
        metavar='N',
        help=f'iterations of the fit, at least {SHORTEST} (default: '
        f'{DEFAULT_ITERS})',
    )
    group.add_argument(
        '--minutes',
        type=float,
        metavar='M',
        help='as many iterations as this machine makes in this time, once '
        'the features are there',
    )


def _add_machine(group: Any) -> None:
    group.add_argument(
        '--cache-gb',
        type=float,
        default=DEFAULTS.cache_gb,
        metavar='GB',
        help='limit of the features on disk; what does not fit is left out, '
        'by images drawn with --seed (default: %(default)s)',
    )
    group.add_argument(
        '--batch-size',
        type=int,
        default=DEFAULTS.batch_size,
        metavar='N',
        help='images in a step (default: %(default)s)',
    )
    group.add_argument(
        '--sizes',
        nargs='+',
        type=float,
        default=list(DEFAULTS.sizes),
        metavar='FACTOR',
        help='sizes of the images at which features are kept (default: 1.0)',
    )
    group.add_argument('--seed', type=int, default=DEFAULTS.seed)
    group.add_argument(
        '--resume',
        action='store_true',
        help='go on where a fit in the same folder was interrupted',
    )


def work(args: Namespace) -> None:
    """Fit, and print the report and the paths of the new model."""
    check_files(args)
    options = FitOptions(
        layers=args.layers and tuple(args.layers),
        concepts=args.concepts,
        max_iters=args.max_iters,
        minutes=args.minutes,
        target=args.target,
        min_agreement=args.min_agreement,
        sizes=tuple(args.sizes),
        batch_size=args.batch_size,
        cache_gb=args.cache_gb,
        seed=args.seed,
    )
    from mmproto.fitting.files import FitFolder
    from mmproto.fitting.fit import fit_concepts

    try:
        report = fit_concepts(
            args.config,
            args.checkpoint,
            args.out,
            options,
            data=args.data,
            resume=args.resume,
            trusted=args.trust_checkpoint,
        )
    except KeyboardInterrupt:
        raise SystemExit(
            'stopped: the same command with --resume goes on from here'
        ) from None
    print(report.text())
    folder = FitFolder(Path(args.out))
    print(f'{folder.config}\n{folder.checkpoint}')


COMMAND = Command(
    __doc__,
    (
        'my_segformer.py model.pth --out my_concepts',
        'my_segformer.py model.pth --out why --target model --minutes 5',
    ),
    add_arguments,
    work,
)
