"""Time and memory of one config's model over those of another.

A training step is forward, backward and the optimiser's step on random
images; inference is mmseg's prediction. Steps of the two alternate; memory is
the growth of the process (of the device if it is a GPU), each in a process
of its own.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmproto.commands.command import Command

CONFIGS = Path(__file__).parents[2] / 'configs'


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        '--configs',
        nargs=2,
        default=[
            str(CONFIGS / 'proto_cityscapes.py'),
            str(CONFIGS / 'deeplabv3_cityscapes.py'),
        ],
        metavar=('OURS', 'PEER'),
    )
    parser.add_argument('--size', type=int, nargs=2, default=(256, 512))
    parser.add_argument('--batch-size', type=int, default=2)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--device', default='cpu')


def work(args: Namespace) -> None:
    """Measure and print."""
    from benchmarks.model import measure

    measure(args)


COMMAND = Command(
    __doc__,
    (
        '--size 128 256 --repeats 3',
        '--configs configs/proto_camvid.py configs/deeplabv3_camvid.py '
        '--size 360 480',
    ),
    add_arguments,
    work,
)

if __name__ == '__main__':
    COMMAND.run()
