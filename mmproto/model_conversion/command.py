"""The command line of both converters."""

from argparse import ArgumentParser

from .files import Converter, convert_file


def run_converter(
    convert: Converter, description: str, prototypes: int, of: str
) -> None:
    """Read the command line, convert the file and say what was written.

    Args:
        convert: What converts its state dict.
        description: Of the command.
        prototypes: Default of ``--prototypes-per-class``.
        of: What so many prototypes belong to.
    """
    parser = ArgumentParser(description=description)
    parser.add_argument('checkpoint', help='exported public model')
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument(
        '--prototypes-per-class',
        type=int,
        default=prototypes,
        help=f'prototypes of {of} before any was pruned '
        '(default: %(default)s)',
    )
    args = parser.parse_args()
    try:
        written = convert_file(
            args.checkpoint, args.out, convert, args.prototypes_per_class
        )
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    print(written)
