"""Cost of projecting a batch over that of the network's forward pass.

The forward pass is backbone and neck, which a projection needs anyway; what
it adds is the similarity of every latent to every prototype and the merge
into the nearest places. Runs alternate, so that both see the same load.
"""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command

CONFIG = 'configs/proto_cityscapes.py'


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument('--config', default=CONFIG)
    parser.add_argument('--size', type=int, nargs=2, default=(256, 512))
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument('--topk', type=int, default=10)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cpu')


def work(args: Namespace) -> None:
    """Print both medians and their ratio."""
    from benchmarks.projection import measure

    measure(args)


COMMAND = Command(
    __doc__,
    ('--repeats 3', '--config configs/proto_camvid.py --size 288 384'),
    add_arguments,
    work,
)

if __name__ == '__main__':
    COMMAND.run()
