"""Cost of measuring explanations over that of tools/test.py.

Runs both commands in turn on the same images, as a user would: loading,
network, metrics and files included.
"""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument('config', help='config of the model')
    parser.add_argument('checkpoint', help='checkpoint of the model')
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE'
    )


def work(args: Namespace) -> None:
    """Print both medians and their ratio."""
    from benchmarks.evaluation import measure

    measure(args)


COMMAND = Command(
    __doc__,
    ('my_proto.py model.pth', 'my_proto.py model.pth --repeats 5'),
    add_arguments,
    work,
)

if __name__ == '__main__':
    COMMAND.run()
