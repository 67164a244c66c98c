"""Check that the log of a checkpoint is whole, and knows the checkpoint."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmproto.utils.files import file_hash

from .audit_log import ENTRY_VERSION, find_damage, find_log, read_log
from .words import describe_entry


class _Edit(NamedTuple):
    """An entry in words, and the hashes of its checkpoints."""

    line: str
    before: str
    after: str


def verified_history(
    checkpoint: str | Path, log: str | Path | None = None
) -> list[str]:
    """Check the log of a checkpoint, and say what it contains.

    Args:
        checkpoint: A checkpoint that was edited, or came from an edit.
        log: See :func:`~mmproto.editing.edit_checkpoint`.

    Returns:
        A line for every edit, then one that says that the log is whole and
        which edit made the checkpoint. All lines are printable.

    Raises:
        FileNotFoundError: If the checkpoint or the log is missing.
        ValueError: If the log was tampered with, does not know the checkpoint
            as it is, or has an entry that is no edit of concepts.
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


def _read_edit(number: int, entry: dict) -> _Edit:
    """Read an entry, whose hashes are right, whoever wrote it.

    Raises:
        ValueError: If it is of a later version or about something else.
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
    """Say which entries made a checkpoint, or else started from it.

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
