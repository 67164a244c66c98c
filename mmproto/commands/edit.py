"""Disable, enable, rename or reweight concepts, with an audit log.

Writes a new checkpoint and a line of audit.jsonl; every edit can be undone.
"""

from argparse import ArgumentParser, Namespace
from operator import methodcaller

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
    _add_edits(parser)
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
    add_device(parser, 'where to evaluate')


def _add_edits(parser: ArgumentParser) -> None:
    """Add a flag for each edit, one of which has to be given."""
    edits = parser.add_mutually_exclusive_group(required=True)
    edits.add_argument(
        '--disable',
        type=int,
        nargs='+',
        metavar='CONCEPT',
        help='set all weights of one or more to exact zeros',
    )
    edits.add_argument(
        '--enable',
        type=int,
        nargs='+',
        metavar='CONCEPT',
        help='give disabled ones their weights back, bit for bit',
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
        'removed, moved or inserted, and say what it holds',
    )


def choose_edits(args: Namespace) -> list[methodcaller]:
    """Turn the flags into edits.

    Raises:
        ValueError: If a number is none, or a concept is named twice.
    """
    if args.rename is not None:
        concept, name = args.rename
        return [methodcaller('rename', read_number(concept, int), name)]
    if args.reweight is not None:
        concept, class_name, value = args.reweight
        edit = read_number(concept, int), class_name, read_number(value, float)
        return [methodcaller('reweight', *edit)]
    kind = 'enable' if args.disable is None else 'disable'
    concepts = getattr(args, kind)
    for concept in concepts:
        if concepts.count(concept) > 1:
            raise ValueError(
                f'--{kind} names concept {concept} more than once; name each '
                'one once'
            )
    return [methodcaller(kind, concept) for concept in concepts]


def read_number(text: str, kind: type) -> float:
    """Read a number of the command line.

    Raises:
        ValueError: If it is none.
    """
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f'expected a number, got {text!r}') from None


def work(args: Namespace) -> None:
    """Edit, or print the history that the log holds."""
    if not args.verify:
        edit(args)
        return
    from mmproto.editing import verified_history

    print('\n'.join(verified_history(args.checkpoint, args.audit)))


def edit(args: Namespace) -> None:
    """Edit, and print the path of the new checkpoint last."""
    edits = choose_edits(args)
    from mmproto.checkpoints.comparison import (
        build_test_loader,
        compare_checkpoints,
    )
    from mmproto.editing import describe_actions, edit_checkpoint
    from mmproto.editing.comparison import change_table

    cfg = read_config(args)
    # before the edit: there may be no data
    loader = build_test_loader(cfg) if args.evaluate else None
    path, entry = edit_checkpoint(
        cfg,
        args.checkpoint,
        edits,
        args.by,
        args.reason,
        args.out,
        args.audit,
    )
    if loader is not None:
        files = args.checkpoint, path
        found = compare_checkpoints(cfg, files, loader, device_of(args))
        print(change_table(found))
    print(describe_actions(entry['actions']))
    print(f'entry {entry["number"]} of the audit log, hash {entry["hash"]}')
    print(path)


COMMAND = Command(
    __doc__,
    (
        'my_proto.py model.pth --disable 3 17 --by "J. Doe" --reason '
        '"fire on shadows"',
        'my_proto.py model_edited.pth --verify',
    ),
    add_arguments,
    work,
)
