"""Time of SharedASPP over one 3x3 convolution and over four dilated ones.

All have the same channels; the four convolutions have the rates of the
SharedASPP. Runs alternate, so that all see the same load. SharedASPP works in
channels-last memory; the convolutions in the layout that is faster for them on
a CPU, forward and backward, the contiguous one.
"""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument('--in-channels', type=int, default=2048)
    parser.add_argument('--channels', type=int, default=256)
    parser.add_argument('--size', type=int, nargs=2, default=(64, 64))
    parser.add_argument('--rates', type=int, nargs='+', default=(1, 6, 12, 18))
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--device', default='cpu')


def work(args: Namespace) -> None:
    """Measure and print."""
    from benchmarks.shared_aspp import measure

    measure(args)


COMMAND = Command(
    __doc__,
    ('--repeats 4', '--in-channels 320 --channels 64 --size 18 24'),
    add_arguments,
    work,
)

if __name__ == '__main__':
    COMMAND.run()
