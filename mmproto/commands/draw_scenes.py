"""Draw street scenes in the layout of Cityscapes, with part labels."""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument('--out', required=True, help='the folder to make')
    for name, number, pictures in (
        ('train', 200, 'training pictures'),
        ('val', 40, 'validation pictures'),
        ('unseen', 0, 'pictures with objects that no other picture shows'),
    ):
        parser.add_argument(
            f'--{name}',
            type=int,
            default=number,
            metavar='N',
            help=f'number of {pictures} (default: %(default)s)',
        )
    parser.add_argument(
        '--seed',
        type=int,
        default=0,
        metavar='S',
        help='another one draws other pictures (default: %(default)s)',
    )
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(128, 256),
        metavar=('H', 'W'),
        help='height and width of a picture in pixels (default: 128 256)',
    )


def show(done: int, total: int) -> None:
    """Print the progress, ten times in all."""
    if done * 10 // total > (done - 1) * 10 // total:
        print(f'{done}/{total} pictures', flush=True)


def work(args: Namespace) -> None:
    """Draw the data set that the command line asks for."""
    from mmproto.datasets.street_scenes.writer import write_street_scenes

    new = write_street_scenes(
        args.out,
        args.train,
        args.val,
        args.seed,
        tuple(args.size),
        show,
        args.unseen,
    )
    print(f'{args.out} is {"complete" if new else "there already"}')


COMMAND = Command(
    __doc__,
    (
        '--out data/street_toy --train 300 --unseen 20',
        '--out data/small --train 20 --val 5 --size 64 128 --seed 1',
    ),
    add_arguments,
    work,
)
