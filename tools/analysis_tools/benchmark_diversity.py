"""Time of the diversity loss over that of a loop over pairs.

Both compute ProtoSeg's diversity of the same scores, forward and backward.
The loop goes over images, classes, prototypes and pairs of prototypes, as the
released codes do. Runs alternate, so that both see the same load.
"""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument('--prototypes', type=int, default=190)
    parser.add_argument('--classes', type=int, default=19)
    parser.add_argument('--size', type=int, nargs=2, default=(64, 128))
    parser.add_argument('--images', type=int, default=1)
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cpu')


def work(args: Namespace) -> None:
    """Print both medians and their ratio."""
    from benchmarks.diversity import measure

    measure(args)


COMMAND = Command(
    __doc__,
    ('--repeats 7', '--prototypes 60 --classes 6 --size 32 64'),
    add_arguments,
    work,
)

if __name__ == '__main__':
    COMMAND.run()
