"""Disable, enable, rename or reweight a concept, with an audit log.

    python tools/edit_concepts.py CONFIG CHECKPOINT --disable 17 \
        --by "J. Doe" --reason "fires on shadows"

Writes a new checkpoint and a line of audit.jsonl; every edit can be undone.
"""

import argparse
from operator import methodcaller

import torch

# Says what is wrong with the stack before mmseg is imported.
import mmproto  # noqa: F401 - configs find their bases


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='checkpoint, left as it is')
    add_edits(parser)
    parser.add_argument('--by', default='', help='who wants the edit')
    parser.add_argument('--reason', default='', help='why')
    parser.add_argument(
        '--out', help='new checkpoint instead of <checkpoint>_edited.pth'
    )
    parser.add_argument(
        '--audit', help='log instead of audit.jsonl beside the checkpoint'
    )
    parser.add_argument(
        '--evaluate',
        action='store_true',
        help='print IoU before and after, and the share of changed pixels, '
        'on the test data of the config',
    )
    parser.add_argument(
        '--device',
        default='cuda:0' if torch.cuda.is_available() else 'cpu',
        help='where to evaluate (default: %(default)s)',
    )
    return parser.parse_args()


def add_edits(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each edit, one of which has to be given."""
    edits = parser.add_mutually_exclusive_group(required=True)
    edits.add_argument(
        '--disable', type=int, metavar='CONCEPT', help='set it to exact zeros'
    )
    edits.add_argument(
        '--enable',
        type=int,
        metavar='CONCEPT',
        help='give a disabled one its weights back, bit for bit',
    )
    edits.add_argument(
        '--rename',
        nargs=2,
        metavar=('CONCEPT', 'NAME'),
        help='give a name; an empty one takes it away',
    )
    edits.add_argument(
        '--reweight',
        nargs=3,
        metavar=('CONCEPT', 'CLASS', 'VALUE'),
        help='set the weight of one class, by its name or number',
    )
    edits.add_argument(
        '--verify',
        action='store_true',
        help='edit nothing: check that no line of the log was changed, '
        'removed, moved or inserted',
    )


def choose_edit(args: argparse.Namespace) -> methodcaller:
    """Turn the flags into an edit.

    Raises:
        ValueError: If a number is none.
    """
    if args.disable is not None:
        return methodcaller('disable', args.disable)
    if args.enable is not None:
        return methodcaller('enable', args.enable)
    if args.rename is not None:
        concept, name = args.rename
        return methodcaller('rename', number(concept, int), name)
    concept, class_name, value = args.reweight
    return methodcaller(
        'reweight', number(concept, int), class_name, number(value, float)
    )


def number(text: str, kind: type) -> float:
    """Read a number of the command line.

    Raises:
        ValueError: If it is none.
    """
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f'expected a number, got {text!r}') from None


def verify(args: argparse.Namespace) -> None:
    """Say what is wrong with the log, if anything."""
    from mmproto.editing import verify_checkpoint

    damage = verify_checkpoint(args.checkpoint, args.audit)
    if damage:
        raise ValueError('\n'.join(damage))
    print('the audit log is whole and knows this checkpoint')


def edit(args: argparse.Namespace) -> None:
    """Edit, and print the path of the new checkpoint last."""
    from mmengine.config import Config

    from mmproto.editing import edit_checkpoint
    from mmproto.editing.comparison import (
        build_test_loader,
        compare_checkpoints,
    )

    cfg = Config.fromfile(args.config)
    # before the edit: there may be no data
    loader = build_test_loader(cfg) if args.evaluate else None
    path, entry = edit_checkpoint(
        cfg,
        args.checkpoint,
        choose_edit(args),
        args.by,
        args.reason,
        args.out,
        args.audit,
    )
    if loader is not None:
        files = args.checkpoint, path
        print(compare_checkpoints(cfg, files, loader, args.device).table())
    print(f'entry {entry["number"]} of the audit log, hash {entry["hash"]}')
    print(path)


def main() -> None:
    """Edit or verify."""
    args = parse_args()
    try:
        verify(args) if args.verify else edit(args)
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error


if __name__ == '__main__':
    main()
