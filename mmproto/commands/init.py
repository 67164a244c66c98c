"""Initialise the prototypes of a checkpoint by clustering its latents."""

from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command
from mmproto.commands.flags import (
    add_cfg_options,
    add_config,
    add_device,
    device_of,
    read_config,
)
from mmproto.prototypes.init_options import InitOptions

OPTIONS = dict(
    pixels_per_class='cells drawn of each class of each image, at most',
    latents_per_class='cells kept of each class, at most',
    min_share='smaller shares of a concept become exact zeros',
    min_cell_purity='share of a clustered cell that its label must have',
    class_power='0 for equally many concepts of each class, 1 for as many as '
    'its share of the pixels',
    other_sizes='other sizes at which the network sees each image; a '
    'concept has a prototype for each, and one for its own size',
    image_share='share of the training images that are looked at',
    seed='of the draw and of the clustering',
)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags, one for each of `InitOptions` among them."""
    add_config(parser, 'config file of the model to make')
    parser.add_argument(
        'checkpoint',
        help='checkpoint whose latents separate the classes; it is left as '
        'it is, and its prototypes and classifier do not matter',
    )
    parser.add_argument(
        '--out', help='new checkpoint instead of <checkpoint>_clustered.pth'
    )
    for name, text in OPTIONS.items():
        default = getattr(InitOptions, name)
        many = isinstance(default, tuple)
        parser.add_argument(
            f'--{name.replace("_", "-")}',
            type=float if many else type(default),
            nargs='*' if many else None,
            default=default,
            help=f'{text} (default: {"none" if many else default})',
        )
    add_device(parser)
    add_cfg_options(
        parser,
        'entries of the config to replace, such as '
        'model.decode_head.num_concepts=64',
    )


def work(args: Namespace) -> None:
    """Initialise, and print the path of the new checkpoint last."""
    options = InitOptions(**{name: getattr(args, name) for name in OPTIONS})
    from mmproto.checkpoints.initialize import init_checkpoint

    path, report, classes = init_checkpoint(
        read_config(args),
        args.checkpoint,
        args.out,
        options,
        device_of(args),
    )
    for line in report.table(classes):
        print(line)
    print(report.summary())
    print(path)


COMMAND = Command(
    __doc__,
    (
        'my_proto.py features.pth',
        'my_proto.py features.pth --min-cell-purity 0.9 --other-sizes 0.5 2',
    ),
    add_arguments,
    work,
)
