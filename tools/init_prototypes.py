"""Initialise the prototypes of a checkpoint by clustering its latents."""

import argparse

import torch
from mmengine.config import Config, DictAction

# Says what is wrong with the stack before mmseg is imported.
import mmproto  # noqa: F401 - configs find their bases
from mmproto.prototypes.init_options import InitOptions


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('config', help='config file of the model to make')
    parser.add_argument(
        'checkpoint',
        help='checkpoint whose latents separate the classes; it is left as '
        'it is, and its prototypes and classifier do not matter',
    )
    parser.add_argument(
        '--out', help='new checkpoint instead of <checkpoint>_clustered.pth'
    )
    add_options(parser)
    parser.add_argument(
        '--device',
        default='cuda:0' if torch.cuda.is_available() else 'cpu',
        help='where to compute',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='entries of the config to replace, such as '
        'model.decode_head.num_concepts=64',
    )
    return parser.parse_args()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each of `InitOptions`."""
    helps = dict(
        pixels_per_class='cells drawn of a class of one image, at most',
        latents_per_class='cells kept of a class, at most',
        min_share='smaller shares of a concept become exact zeros',
        min_cell_purity='share of a clustered cell that its label must have',
        class_power='0 for equally many concepts a class, 1 for as many as '
        'its share of the pixels',
        other_sizes='other sizes at which the network sees each image; a '
        'concept has a prototype for each, and one for its own size',
        image_share='share of the training images that are looked at',
        seed='of the draw and of the clustering',
    )
    for name, text in helps.items():
        default = getattr(InitOptions, name)
        many = isinstance(default, tuple)
        parser.add_argument(
            f'--{name.replace("_", "-")}',
            type=float if many else type(default),
            nargs='*' if many else None,
            default=default,
            help=text,
        )


def main() -> None:
    """Initialise, and print the path of the new checkpoint last."""
    args = parse_args()
    # after the command line: this takes seconds and prints of mmseg
    from mmproto.checkpoints.initialize import init_checkpoint

    names = InitOptions.__dataclass_fields__
    try:
        options = InitOptions(**{name: getattr(args, name) for name in names})
        cfg = Config.fromfile(args.config)
        cfg.merge_from_dict(args.cfg_options or {})
        path, report, classes = init_checkpoint(
            cfg, args.checkpoint, args.out, options, args.device
        )
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    for line in report.table(classes):
        print(line)
    print(report.summary())
    print(path)


if __name__ == '__main__':
    main()
