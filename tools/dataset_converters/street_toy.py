"""Draw street scenes in the layout of Cityscapes, with part labels."""

from argparse import ArgumentParser, Namespace

from mmproto.datasets.street_scenes.writer import write_street_scenes


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('--out', required=True, help='the folder to make')
    parser.add_argument('--train', type=int, default=200, metavar='N')
    parser.add_argument('--val', type=int, default=40, metavar='N')
    parser.add_argument(
        '--unseen',
        type=int,
        default=0,
        metavar='N',
        help='number of pictures with objects that no other picture shows',
    )
    parser.add_argument('--seed', type=int, default=0, metavar='S')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(128, 256),
        metavar=('H', 'W'),
        help='height and width of a picture in pixels',
    )
    return parser.parse_args()


def show(done: int, total: int) -> None:
    """Print the progress, ten times in all."""
    if done * 10 // total > (done - 1) * 10 // total:
        print(f'{done}/{total} pictures', flush=True)


def main() -> None:
    """Draw the data set that the command line asks for."""
    args = parse_args()
    try:
        new = write_street_scenes(
            args.out,
            args.train,
            args.val,
            args.seed,
            tuple(args.size),
            show,
            args.unseen,
        )
    except ValueError as error:
        raise SystemExit(f'{error}') from error
    print(f'{args.out} is {"complete" if new else "there already"}')


if __name__ == '__main__':
    main()
