"""Cost of fitting a concept head on kept features over training end to end.

The concept head is the one that `mmproto fit` gives the segmentor of a
config, with random weights, on drawn noise. A step on kept features reads
them from the disk and sees whole images; a step end to end has random crops
in memory, and trains the backbone. Building the cache is compared with the
backbone's forward passes alone. All take turns, so that all see the same
load. Memory is the most that a process needs to build a cache and go through
it once, for some images and four times as many.
"""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command

CONFIG = 'configs/deeplabv3_camvid.py'


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument('--config', default=CONFIG)
    parser.add_argument('--size', type=int, nargs=2, default=(360, 480))
    parser.add_argument('--crop', type=int, nargs=2, default=(288, 384))
    parser.add_argument('--images', type=int, default=16)
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--threads', type=int, default=1)


def work(args: Namespace) -> None:
    """Print medians, memory and ratios."""
    from benchmarks.fitting import measure

    measure(args)


COMMAND = Command(
    __doc__,
    ('--repeats 3', '--size 180 240 --crop 144 192 --threads 2'),
    add_arguments,
    work,
)

if __name__ == '__main__':
    COMMAND.run()
