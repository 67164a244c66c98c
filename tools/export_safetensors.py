"""Export a checkpoint as safetensors, with its config inside.

`mmproto.load_safetensors(FILE)` builds the model again.
"""

import argparse
from pathlib import Path

# Says what is wrong with the stack before mmseg is imported.
import mmproto  # noqa: F401 - configs find their bases


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='checkpoint, left as it is')
    parser.add_argument(
        '--out', help='file to write instead of <checkpoint>.safetensors'
    )
    return parser.parse_args()


def main() -> None:
    """Export, and print the path of the file last."""
    args = parse_args()
    # after the command line: this takes seconds and prints of mmseg
    from mmengine.config import Config

    from mmproto.checkpoints.derived import load_whole
    from mmproto.exporting import save_safetensors
    from mmproto.utils.files import check_writable

    out = args.out or Path(args.checkpoint).with_suffix('.safetensors')
    try:
        check_writable(out)
        model, _ = load_whole(Config.fromfile(args.config), args.checkpoint)
        save_safetensors(model, out)
    except (ValueError, FileNotFoundError, ImportError) as error:
        raise SystemExit(f'error: {error}') from error
    print(out)


if __name__ == '__main__':
    main()
