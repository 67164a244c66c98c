"""Write a public ProtoSeg checkpoint as one of mmproto.

The public code saves whole pickled models, which could run any code when they
are loaded. Where that code runs, export tensors first: model =
torch.load('model.pth'); torch.save(dict(state_dict=model.state_dict(),
prototype_class_identity=model.prototype_class_identity), 'exported.pth').
"""

from argparse import ArgumentParser, Namespace
from functools import partial

from mmproto.commands.command import Command

EXAMPLES = (
    'exported.pth converted.pth',
    'exported.pth converted.pth --prototypes-per-class 5',
)


def add_arguments(parser: ArgumentParser, prototypes: int, of: str) -> None:
    """Add the flags of both converters.

    Args:
        parser: Gets them.
        prototypes: Default of `--prototypes-per-class`.
        of: What so many prototypes belong to.
    """
    parser.add_argument('checkpoint', help='exported public model')
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument(
        '--prototypes-per-class',
        type=int,
        default=prototypes,
        help=f'prototypes of {of} before any was pruned '
        '(default: %(default)s)',
    )


def work(args: Namespace, system: str = 'protoseg') -> None:
    """Convert the file, and print what was written.

    Args:
        args: The parsed command line.
        system: `protoseg` or `scaleprotoseg`.
    """
    from mmproto import model_conversion

    convert = getattr(model_conversion, f'convert_{system}')
    written = model_conversion.convert_file(
        args.checkpoint, args.out, convert, args.prototypes_per_class
    )
    print(written)


COMMAND = Command(
    __doc__,
    EXAMPLES,
    partial(add_arguments, prototypes=10, of='a class'),
    work,
)
