"""Export a checkpoint as ONNX or as safetensors, with its config inside.

ONNX: RGB image in, logits and concepts out. `mmproto.load_safetensors(FILE)`
builds the model of a safetensors file again.
"""

from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from mmproto.commands.command import Command
from mmproto.commands.flags import add_config, read_config
from mmproto.utils.files import check_writable


def add_arguments(parser: ArgumentParser, suffix: str | None = None) -> None:
    """Add the flags.

    Args:
        parser: Gets them.
        suffix: Of the kind of file, if `--out` is not to say it.
    """
    add_config(parser)
    parser.add_argument('checkpoint', help='checkpoint, left as it is')
    text = f'file to write instead of <checkpoint>{suffix or ".onnx"}'
    if suffix is None:
        text += '; safetensors if it ends in .safetensors'
    parser.add_argument('--out', help=text)
    parser.set_defaults(suffix=suffix)


def work(args: Namespace) -> None:
    """Export, and print the path of the file last."""
    out = Path(
        args.out or Path(args.checkpoint).with_suffix(args.suffix or '.onnx')
    )
    suffix = args.suffix or out.suffix
    check_writable(out)
    from mmproto.checkpoints.derived import load_whole
    from mmproto.exporting import export_onnx, save_safetensors

    model, _ = load_whole(read_config(args), args.checkpoint)
    if suffix == '.safetensors':
        save_safetensors(model, out)
    else:
        error = export_onnx(model, out)
        print(f'largest difference to the model on random images: {error:.1e}')
    print(out)


COMMAND = Command(
    __doc__,
    (
        'my_proto.py model.pth --out model.onnx',
        'my_proto.py model.pth --out model.safetensors',
    ),
    add_arguments,
    work,
)
ONNX = Command(
    'Export a checkpoint as ONNX: RGB image in, logits and concepts out.',
    ('my_proto.py model.pth', 'my_proto.py model.pth --out other.onnx'),
    partial(add_arguments, suffix='.onnx'),
    work,
)
SAFETENSORS = Command(
    'Export a checkpoint as safetensors, with its config inside.\n\n'
    '`mmproto.load_safetensors(FILE)` builds the model again.',
    ('my_proto.py model.pth', 'my_proto.py model.pth --out a.safetensors'),
    partial(add_arguments, suffix='.safetensors'),
    work,
)
