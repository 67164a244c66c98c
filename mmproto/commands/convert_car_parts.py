"""Convert Car-Parts from COCO's polygons to the layout of mmseg."""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        'source', help='folder with annotations.json and JPEGImages'
    )
    parser.add_argument('--out', required=True, help='the folder to make')


def work(args: Namespace) -> None:
    """Convert the data set, and print how many images it has."""
    from mmproto.datasets.car_parts import convert_car_parts

    numbers = convert_car_parts(args.source, args.out)
    for split, number in numbers.items():
        print(f'{args.out}: {number} images in {split}')


COMMAND = Command(
    __doc__,
    (
        'Car-Parts-Segmentation/trainingset --out data/car_parts',
        '~/downloads/CarParts --out /data/car_parts',
    ),
    add_arguments,
    work,
)
