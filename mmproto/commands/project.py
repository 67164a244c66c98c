"""Project the prototypes of a checkpoint onto training patches."""

import json
from argparse import ArgumentParser, Namespace

from mmproto.commands.command import Command
from mmproto.commands.flags import (
    add_config,
    add_device,
    device_of,
    read_config,
)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    add_config(parser)
    parser.add_argument('checkpoint', help='checkpoint, left as it is')
    parser.add_argument(
        '--out',
        help='new checkpoint, by default <checkpoint>_projected.pth; its '
        'record is written beside it as JSON',
    )
    parser.add_argument(
        '--topk',
        type=int,
        default=10,
        help='patches of each prototype (default: %(default)s)',
    )
    parser.add_argument(
        '--mode',
        choices=('project', 'mine'),
        default='project',
        help='replace each prototype with its nearest latent, or only record '
        '(default: %(default)s)',
    )
    add_device(parser)


def work(args: Namespace) -> None:
    """Project, and print the path of the new checkpoint last."""
    from mmproto.checkpoints.project import project_checkpoint
    from mmproto.prototypes.projection import mean_similarity

    path = project_checkpoint(
        read_config(args),
        args.checkpoint,
        args.out,
        args.topk,
        args.mode,
        device_of(args),
    )
    record = json.loads(path.with_suffix('.projection.json').read_text())
    print(
        f'{len(record["prototypes"])} prototypes, mean similarity to the '
        f'nearest training latent {mean_similarity(record):.4f}'
    )
    print(path)


COMMAND = Command(
    __doc__,
    (
        'my_proto.py model.pth',
        'my_proto.py model.pth --mode mine --topk 20 --out mined.pth',
    ),
    add_arguments,
    work,
)
