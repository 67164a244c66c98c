"""Write the card of a model: Markdown with YAML, as on Hugging Face.

Blocks between "<!-- hand-written: NAME -->" and "<!-- end of NAME -->" stay
when a card is written again.
"""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command
from mmproto.commands.flags import add_config, read_config
from mmproto.utils.files import check_writable


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    add_config(parser)
    parser.add_argument('checkpoint', help='checkpoint, left as it is')
    parser.add_argument(
        '--report', required=True, help='JSON of `mmproto evaluate`'
    )
    parser.add_argument('--out', required=True, help='card, such as README.md')


def work(args: Namespace) -> None:
    """Write the card, and print its path."""
    check_writable(args.out)
    from mmproto.model_card import write_card

    write_card(read_config(args), args.checkpoint, args.report, args.out)
    print(args.out)


COMMAND = Command(
    __doc__,
    (
        'my_proto.py model.pth --report report.json --out README.md',
        'mmproto::proto_camvid.py camvid.pth --report report.json --out '
        'card.md',
    ),
    add_arguments,
    work,
)
