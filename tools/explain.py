"""Explain a point of an image, any point by pages, or a sequence by a video.

With --out PAGE.html the explanation is an interactive page: one file that
opens from disk, loads nothing and sends nothing.

With --video the prediction lies over every frame, a strip below shows which
concepts the decisions rest on through time. A JSON file and JSON lines beside
the video have the numbers.
"""

import argparse
from pathlib import Path
from typing import Any

import torch

import mmproto
from mmproto.utils.command_line import add_model_arguments
from mmproto.utils.files import check_writable
from mmproto.utils.origin import Origin


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_model_arguments(parser)
    parser.add_argument(
        'image', nargs='*', help='image file; several only for pages'
    )
    parser.add_argument(
        '--point',
        nargs=2,
        type=int,
        metavar=('X', 'Y'),
        help='column and row of the pixel to explain; by default the most '
        'certain one of the largest class, of a video all pixels',
    )
    parser.add_argument(
        '--out',
        help='folder for pictures, numbers and a card, by default '
        'work_dirs/explanations/<image>; or a file that ends in .html for '
        'an interactive page (of several images, the list of their pages); '
        'of a video a file that ends in .mp4, by default '
        'work_dirs/explanations/<video>.mp4',
    )
    _add_video_arguments(parser.add_argument_group('sequences'))
    _add_page_arguments(parser.add_argument_group('pages'))
    # an option may stand before the images
    return parser.parse_intermixed_args()


def _add_video_arguments(group: Any) -> None:
    group.add_argument(
        '--video',
        metavar='IN',
        help='instead of an image: a video file, or a folder of frames',
    )
    group.add_argument(
        '--fps',
        type=float,
        help='frames per second of a folder (default: 10), or of a video that '
        'does not say it',
    )


def _add_page_arguments(group: Any) -> None:
    group.add_argument(
        '--labels',
        nargs='+',
        help='label map of each image; by default what the data '
        'sets of the config hold',
    )
    group.add_argument(
        '--patches',
        choices=('embed', 'link', 'none'),
        help='training patches: pictures inside of the page, links to '
        'files of this disk, or place and hash alone; by default links for '
        'data whose terms let nobody pass pictures on (Cityscapes, '
        'Mapillary), else pictures',
    )
    group.add_argument(
        '--concepts',
        metavar='JSON',
        help='concepts.json of tools/analysis_tools/list_concepts.py, to '
        'say also how often each concept decides on that data',
    )


def main() -> None:
    """Explain, and print the path of the picture or page last."""
    args = parse_args()
    page = args.out is not None and args.out.endswith('.html')
    try:
        _check_arguments(args, page)
        if args.video:
            path = _save_video(args)
        else:
            model = _load(args)
            save = _save_pages if page else _save_sheet
            path = save(args, model)
    except (ValueError, OSError, ImportError) as error:
        raise SystemExit(f'error: {error}') from error
    print(path)


def _load(args: argparse.Namespace) -> Any:
    from mmengine.config import Config

    from mmproto.checkpoints.derived import load_strictly

    cfg = Config.fromfile(args.config)
    return load_strictly(cfg, args.checkpoint, args.device)[0]


def _check_arguments(args: argparse.Namespace, page: bool) -> None:
    """Refuse what does not go together, before the model is loaded."""
    if bool(args.image) == bool(args.video):
        given = 'both' if args.video else 'neither'
        raise ValueError(
            f'give either an image or --video IN for a sequence; got {given}'
        )
    if not page and (args.labels or args.patches or args.concepts):
        raise ValueError(
            '--labels, --patches and --concepts are for a page: --out '
            'PAGE.html'
        )
    if args.video:
        return
    if len(args.image) > 1 and not page:
        raise ValueError(
            f'got {len(args.image)} images; several need a page: --out '
            'PAGE.html'
        )
    if args.fps is not None or str(args.out).endswith('.mp4'):
        raise ValueError(
            '--fps and an --out that ends in .mp4 are for a sequence: --video'
        )
    check_writable(
        args.out if page else _sheet_folder(args) / 'explanation.png'
    )


def _save_video(args: argparse.Namespace) -> Path:
    """Explain a sequence as a video."""
    from mmproto.visualization.video import Frames, check_out, save_video

    frames = Frames(args.video, args.fps)
    name = f'{frames.path.resolve().stem}.mp4'
    out = args.out or Path('work_dirs/explanations', name)
    check_out(out, frames)
    model = _load(args)
    origin = Origin(args.config, args.checkpoint)
    return save_video(model, frames, out, args.point, args.data_root, origin)


def _sheet_folder(args: argparse.Namespace) -> Path:
    return Path(
        args.out or Path('work_dirs/explanations', Path(args.image[0]).stem)
    )


def _save_sheet(args: argparse.Namespace, model: torch.nn.Module) -> Path:
    """Explain one point as pictures, numbers and a card."""
    (image,) = args.image
    out = _sheet_folder(args)
    explanation = mmproto.explain(model, image, args.point, args.data_root)
    picture = mmproto.save_explanation(
        explanation, out, Origin(args.config, args.checkpoint)
    )
    for note in explanation.notes:
        print(f'note: {note}')
    print(explanation.sentence())
    return picture


def _save_pages(args: argparse.Namespace, model: torch.nn.Module) -> Path:
    """Make pages, and return the one to open."""
    from mmproto.visualization.page import save_pages

    pages = save_pages(
        model,
        args.image,
        args.out,
        Origin(args.config, args.checkpoint),
        point=args.point,
        labels=args.labels,
        patches=args.patches,
        data_root=args.data_root,
        concepts=args.concepts,
    )
    return pages[0]


if __name__ == '__main__':
    main()
