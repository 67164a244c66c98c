"""Whether the log of a checkpoint is whole, and the checkpoint in it."""

import json
from pathlib import Path

from mmproto.files import file_hash

from .audit_log import find_damage, read_log

LOG = 'audit.jsonl'


def verify_checkpoint(
    checkpoint: str | Path, log: str | Path | None = None
) -> list[str]:
    """Check the log of a checkpoint.

    Args:
        checkpoint: That was edited, or came from an edit.
        log: As in :func:`edit_checkpoint`.

    Returns:
        What was tampered with; nothing if all is well.

    Raises:
        FileNotFoundError: If there is no such checkpoint or no log.
    """
    source = Path(checkpoint)
    path = find_log(source, log)
    for file in (source, path):
        if not file.is_file():
            raise FileNotFoundError(f'there is no file {file}')
    text = read_log(path)
    damage = find_damage(text)
    if damage:
        return damage
    entries = [json.loads(line) for line in text.splitlines()]
    known = [
        e[side]['sha256'] for e in entries for side in ('before', 'after')
    ]
    if file_hash(source) in known:
        return []
    return [
        f'no line is about {source} as it is: lines at the end were removed, '
        'or the checkpoint was changed'
    ]


def find_log(checkpoint: Path, log: str | Path | None = None) -> Path:
    """Path of the audit log of a checkpoint."""
    return checkpoint.with_name(LOG) if log is None else Path(log)
