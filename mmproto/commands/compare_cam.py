"""Show what concepts say beside class activation maps of the same model.

One figure: some pixels with the class activation map of the model
(Seg-Grad-CAM, by pytorch-grad-cam) and with the concepts that `mmproto fit`
found for it, and how fast each of them finds what the model needs, by deletion
curves at random pixels. A JSON file beside it has the numbers.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmproto.commands.command import Command
from mmproto.commands.flags import (
    add_config,
    add_device,
    check_files,
    config_file,
    device_of,
)
from mmproto.utils.files import check_writable
from mmproto.utils.origin import Origin

ROWS = 3  # pixels that are drawn


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    add_config(parser, 'config of the model that is explained')
    parser.add_argument('checkpoint', help='its weights')
    parser.add_argument(
        'concepts_config',
        type=config_file,
        help='config of the concept model, such as concepts.py of a fit',
    )
    parser.add_argument('concepts_checkpoint', help='its weights')
    parser.add_argument('image', nargs='+', help='image files')
    parser.add_argument(
        '--point',
        nargs=2,
        type=int,
        action='append',
        metavar=('X', 'Y'),
        help='column and row of a pixel of the first image to draw; may be '
        f'repeated; by default the pixels of the first {ROWS} images that '
        '`mmproto explain` chooses',
    )
    parser.add_argument(
        '--out',
        default='work_dirs/cam/cam.png',
        help='the figure, a .png file (default: %(default)s)',
    )
    parser.add_argument(
        '--pixels',
        type=int,
        default=2,
        metavar='N',
        help='random pixels of each image for the deletion curves (default: '
        '%(default)s)',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='of these pixels (default: 0)'
    )
    parser.add_argument(
        '--data-root', help='where the training images are, if they moved'
    )
    add_device(parser)
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='read a checkpoint of the model that holds more than weights '
        'and plain types; such a file can run any code',
    )


def work(args: Namespace) -> None:
    """Compare, and print the findings and the paths of the files."""
    _check_arguments(args)
    from mmproto.class_activation import (
        check_same_classes,
        compare_orders,
        comparison_record,
        describe_areas,
        explain_both,
        save_comparison,
    )
    from mmproto.commands.flags import load_model
    from mmproto.fitting.black_box import (
        load_black_box,
        read_black_box_config,
    )
    from mmproto.models.facts import ModelFacts
    from mmproto.utils.requirements import require

    require('pytorch_grad_cam', 'cam')
    cfg = read_black_box_config(args.config)
    device = device_of(args)
    trusted = args.trust_checkpoint
    model, _ = load_black_box(cfg, args.checkpoint, trusted, device)
    facts = ModelFacts.of(load_model(_concepts(args)))
    check_same_classes(model, facts)
    pairs = explain_both(model, facts, _places(args), args.data_root)
    found = compare_orders(model, facts, args.image, args.pixels, args.seed)
    origins = (
        Origin(args.config, args.checkpoint),
        Origin(args.concepts_config, args.concepts_checkpoint),
    )
    record = comparison_record(found, facts, origins, args.seed)
    paths = save_comparison(pairs, record, args.out)
    for line in (*describe_areas(record), *paths):
        print(line)


def _check_arguments(args: Namespace) -> None:
    """Refuse what cannot work before anything slow is imported."""
    check_files(args)
    check_files(_concepts(args))
    for image in args.image:
        if not Path(image).is_file():
            raise FileNotFoundError(f'there is no image at {image}')
    if Path(args.out).suffix != '.png':
        raise ValueError(f'--out is a .png file, got {args.out}')
    if args.pixels < 1:
        raise ValueError(f'--pixels must be at least 1, got {args.pixels}')
    check_writable(args.out)


def _concepts(args: Namespace) -> Namespace:
    """Return the flags of the concept model, as if it were the only one."""
    return Namespace(
        config=args.concepts_config,
        checkpoint=args.concepts_checkpoint,
        device=args.device,
    )


def _places(args: Namespace) -> list:
    """List the pixels to draw: image and point, if one was given."""
    if args.point:
        return [(args.image[0], (x, y)) for x, y in args.point]
    return [(image, None) for image in args.image[:ROWS]]


COMMAND = Command(
    __doc__,
    (
        'my_fcn.py model.pth why/concepts.py why/concepts.pth image.jpg',
        'my_fcn.py model.pth why/concepts.py why/concepts.pth *.jpg '
        '--pixels 5 --out cam.png',
    ),
    add_arguments,
    work,
    intermixed=True,
)
