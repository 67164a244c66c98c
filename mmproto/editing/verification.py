"""Whether the log of a checkpoint is whole, and the checkpoint in it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmproto.utils.files import file_hash

from .audit_log import ENTRY_VERSION, find_damage, read_log
from .words import describe_entry

LOG = 'audit.jsonl'


class _Edit(NamedTuple):
    """An entry in words, and the hashes of its checkpoints."""

    line: str
    before: str
    after: str


def verified_history(
    checkpoint: str | Path, log: str | Path | None = None
) -> list[str]:
    """Check the log of a checkpoint, and say what it holds.

    Args:
        checkpoint: That was edited, or came from an edit.
        log: As in :func:`edit_checkpoint`.

    Returns:
        A line for every edit, then one that says that the log is whole and
        which edit made the checkpoint. All of it is printable.

    Raises:
        FileNotFoundError: If there is no such checkpoint or no log.
        ValueError: If the log was tampered with, does not know the checkpoint
            as it is, or holds what is no edit of concepts.
    """
    source = Path(checkpoint)
    path = find_log(source, log)
    for file in (source, path):
        if not file.is_file():
            raise FileNotFoundError(f'there is no file {file}')
    text = read_log(path)
    damage = find_damage(text)
    if damage:
        raise ValueError('\n'.join(damage))
    edits = [
        _read_edit(number, json.loads(line))
        for number, line in enumerate(text.splitlines(), 1)
    ]
    lines = [edit.line for edit in edits]
    return [*lines, f'the audit log is whole: {_origin(source, edits)}']


def find_log(checkpoint: Path, log: str | Path | None = None) -> Path:
    """Path of the audit log of a checkpoint."""
    return checkpoint.with_name(LOG) if log is None else Path(log)


def _read_edit(number: int, entry: dict) -> _Edit:
    """Read an entry, whose hashes are right, whoever wrote it.

    Raises:
        ValueError: If it is of a later version, or about something else.
    """
    try:
        if entry['version'] > ENTRY_VERSION:
            raise ValueError(f'version {entry["version"]:d} is newer')
        hashes = (entry[side]['sha256'] for side in ('before', 'after'))
        return _Edit(describe_entry(number, entry), *hashes)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f'line {number} cannot be read as an edit of concepts, of '
            f'version {ENTRY_VERSION} or before: {error!r}'
        ) from error


def _origin(checkpoint: Path, edits: Sequence[_Edit]) -> str:
    """Say which entry made a checkpoint, or which ones began with it.

    Raises:
        ValueError: If none did.
    """
    own = file_hash(checkpoint)
    made = [n for n, edit in enumerate(edits, 1) if edit.after == own]
    began = [n for n, edit in enumerate(edits, 1) if edit.before == own]
    if made:
        return f'{checkpoint} was made by {_listed(made)}'
    if began:
        return (
            f'{checkpoint} was made by no entry, and edited by '
            f'{_listed(began)}'
        )
    raise ValueError(
        f'no line is about {checkpoint} as it is: lines at the end were '
        'removed, or the checkpoint was changed'
    )


def _listed(numbers: Sequence[int]) -> str:
    noun = 'entry' if len(numbers) == 1 else 'entries'
    return f'{noun} {", ".join(map(str, numbers))}'
