"""Explain one point of one image, or make pages that explain any point.

With --out PAGE.html the explanation is an interactive page: one file that
opens from disk, loads nothing and sends nothing.
"""

import argparse
from pathlib import Path

import torch

import mmproto


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='checkpoint, best a projected one')
    parser.add_argument(
        'image', nargs='+', help='image file; several only for pages'
    )
    parser.add_argument(
        '--point',
        nargs=2,
        type=int,
        metavar=('X', 'Y'),
        help='column and row of the pixel to explain; by default the most '
        'certain one of the largest class',
    )
    parser.add_argument(
        '--out',
        help='folder for a picture and JSON, by default '
        'work_dirs/explanations/<image>; or a file that ends in .html for '
        'an interactive page (of several images, the list of their pages)',
    )
    parser.add_argument(
        '--labels',
        nargs='+',
        help='label map of each image, for a page; by default what the data '
        'sets of the config hold',
    )
    parser.add_argument(
        '--patches',
        choices=('embed', 'link', 'none'),
        help='training patches in a page: pictures inside of it, links to '
        'files of this disk, or place and hash alone; by default links for '
        'data whose terms let nobody pass pictures on (Cityscapes, '
        'Mapillary), else pictures',
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
    """Explain, and print the path of the picture or page last."""
    from mmseg.apis import init_model

    args = parse_args()
    page = args.out is not None and args.out.endswith('.html')
    try:
        if not page:
            _check_for_sheet(args)
        model = init_model(args.config, args.checkpoint, args.device)
        path = _save_pages(args, model) if page else _save_sheet(args, model)
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    print(path)


def _check_for_sheet(args: argparse.Namespace) -> None:
    if len(args.image) > 1:
        raise ValueError(
            f'got {len(args.image)} images; several need a page: --out '
            'PAGE.html'
        )
    if args.labels or args.patches:
        raise ValueError(
            '--labels and --patches are for a page: --out PAGE.html'
        )


def _save_sheet(args: argparse.Namespace, model: torch.nn.Module) -> Path:
    """Explain one point as a picture and JSON."""
    (image,) = args.image
    out = args.out or Path('work_dirs/explanations', Path(image).stem)
    explanation = mmproto.explain(model, image, args.point, args.data_root)
    picture = explanation.save(out)
    for note in explanation.notes:
        print(f'note: {note}')
    print(explanation.sentence())
    return picture


def _save_pages(args: argparse.Namespace, model: torch.nn.Module) -> Path:
    """Make pages, and return the one to open."""
    from mmproto.visualization.page import Origin, save_pages

    pages = save_pages(
        model,
        args.image,
        args.out,
        Origin(args.config, args.checkpoint),
        point=args.point,
        labels=args.labels,
        patches=args.patches,
        data_root=args.data_root,
    )
    return pages[0]


if __name__ == '__main__':
    main()
