"""Explain one point of one image, as a picture and JSON."""

import argparse
from pathlib import Path

import torch

import mmproto


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='checkpoint, best a projected one')
    parser.add_argument('image', help='image file')
    parser.add_argument(
        '--point',
        nargs=2,
        type=int,
        metavar=('X', 'Y'),
        help='column and row of the pixel to explain; by default the most '
        'certain one of the largest class',
    )
    parser.add_argument(
        '--out', help='folder, by default work_dirs/explanations/<image>'
    )
    parser.add_argument(
        '--data-root', help='where the training images lie, if they moved'
    )
    parser.add_argument(
        '--device',
        default='cuda:0' if torch.cuda.is_available() else 'cpu',
        help='where to compute (default: %(default)s)',
    )
    return parser.parse_args()


def main() -> None:
    """Explain, and print the path of the picture last."""
    from mmseg.apis import init_model

    args = parse_args()
    out = args.out or Path('work_dirs/explanations', Path(args.image).stem)
    try:
        model = init_model(args.config, args.checkpoint, args.device)
        explanation = mmproto.explain(
            model, args.image, args.point, args.data_root
        )
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    picture = explanation.save(out)
    for note in explanation.notes:
        print(f'note: {note}')
    print(explanation.sentence())
    print(picture)


if __name__ == '__main__':
    main()
