"""Explain a point of an image, any point by pages, or a sequence by a video.

With --out PAGE.html the explanation is an interactive page: one file that
opens from disk, loads nothing and sends nothing.

With --video the prediction lies over every frame, and a strip below shows
which concepts the decisions rest on over time. A JSON file and JSON lines
beside the video have the numbers.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from mmproto.commands.command import Command
from mmproto.commands.flags import add_model_arguments, load_model
from mmproto.utils.files import check_writable
from mmproto.utils.origin import Origin

FILES = ('.png', '.jpg', '.jpeg', '.pdf', '.json', '.csv', '.md')


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
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
        'certain one of the largest class, or all pixels of a video',
    )
    parser.add_argument(
        '--out',
        help='folder for pictures, numbers and a card, by default '
        'work_dirs/explanations/<image>; or a file that ends in .html for '
        'an interactive page (of several images, the list of their pages); '
        'for a video a file that ends in .mp4, by default '
        'work_dirs/explanations/<video>.mp4',
    )
    _add_video_arguments(parser.add_argument_group('sequences'))
    _add_page_arguments(parser.add_argument_group('pages'))


def _add_video_arguments(group: Any) -> None:
    group.add_argument(
        '--video',
        metavar='IN',
        help='instead of an image: a video file, or a folder of frames',
    )
    group.add_argument(
        '--fps',
        type=float,
        help='frames per second of a folder (default: 10), or of a video '
        'that does not say it',
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
        help='training patches: pictures inside the page, links to '
        'files of this disk, or place and hash alone; by default links for '
        'data whose terms let nobody pass pictures on (Cityscapes, '
        'Mapillary), else pictures',
    )
    group.add_argument(
        '--concepts',
        metavar='JSON',
        help='concepts.json of `mmproto concepts`, to say also how often '
        'each concept decides on that data',
    )


def work(args: Namespace) -> None:
    """Explain, and print the path of the picture or page last."""
    page = args.out is not None and args.out.endswith('.html')
    _check_arguments(args, page)
    if args.video:
        path = _save_video(args)
    elif page:
        path = _save_pages(args)
    else:
        path = _save_sheet(args)
    print(path)


def _check_arguments(args: Namespace, page: bool) -> None:
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
    if not page and Path(args.out or '').suffix in FILES:
        raise ValueError(
            f'--out is a folder, for explanation.png and other files, or a '
            f'page that ends in .html; got {args.out}'
        )
    check_writable(
        args.out if page else _sheet_folder(args) / 'explanation.png'
    )


def _origin(args: Namespace) -> Origin:
    return Origin(args.config, args.checkpoint)


def _save_video(args: Namespace) -> Path:
    """Explain a sequence as a video."""
    from mmproto.visualization.video import Frames, check_out, save_video

    frames = Frames(args.video, args.fps)
    name = f'{frames.path.resolve().stem}.mp4'
    out = args.out or Path('work_dirs/explanations', name)
    check_out(out, frames)
    model = load_model(args)
    return save_video(
        model, frames, out, args.point, args.data_root, _origin(args)
    )


def _sheet_folder(args: Namespace) -> Path:
    return Path(
        args.out or Path('work_dirs/explanations', Path(args.image[0]).stem)
    )


def _save_sheet(args: Namespace) -> Path:
    """Explain one point as pictures, numbers and a card."""
    from mmproto import explain, save_explanation

    (image,) = args.image
    explanation = explain(load_model(args), image, args.point, args.data_root)
    picture = save_explanation(explanation, _sheet_folder(args), _origin(args))
    for note in explanation.notes:
        print(f'note: {note}')
    print(explanation.sentence())
    return picture


def _save_pages(args: Namespace) -> Path:
    """Make pages, and return the one to open."""
    from mmproto.visualization.page import save_pages

    pages = save_pages(
        load_model(args),
        args.image,
        args.out,
        _origin(args),
        point=args.point,
        labels=args.labels,
        patches=args.patches,
        data_root=args.data_root,
        concepts=args.concepts,
    )
    return pages[0]


COMMAND = Command(
    __doc__,
    (
        'my_proto.py model.pth image.jpg --point 320 200',
        'my_proto.py model.pth *.jpg --out pages/index.html',
    ),
    add_arguments,
    work,
    intermixed=True,
)
