"""Write a public ProtoSeg checkpoint as one of mmproto.

The public code saves whole pickled models, which could run any code when they
are loaded. Where that code runs, export tensors first: model =
torch.load('model.pth'); torch.save(dict(state_dict=model.state_dict(),
prototype_class_identity=model.prototype_class_identity), 'exported.pth').
"""

from argparse import ArgumentParser, Namespace

from mmproto.model_conversion import convert_file, convert_protoseg


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='exported public model')
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument(
        '--prototypes-per-class',
        type=int,
        default=10,
        help='prototypes of a class before any was pruned '
        '(default: %(default)s)',
    )
    return parser.parse_args()


def main() -> None:
    """Convert the file."""
    args = parse_args()
    try:
        written = convert_file(
            args.checkpoint,
            args.out,
            convert_protoseg,
            args.prototypes_per_class,
        )
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    print(written)


if __name__ == '__main__':
    main()
