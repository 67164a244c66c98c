"""A log of edits whose lines are chained by their hashes.

Each line is an entry, as canonical JSON: sorted keys, no blanks, ASCII.
``hash`` is the SHA-256 of the canonical JSON of everything else in the entry,
and ``previous`` the hash of the entry before. No line can thus be changed,
removed, moved or inserted without a trace, except at the end, or by rewriting
everything that follows: to rule that out, keep the last hash elsewhere.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from mmproto.utils.files import atomic_path

ENTRY_VERSION = 2  # 1 had one action instead of a list
FIRST = '0' * 64  # hash that the first entry follows
LOG = 'audit.jsonl'


def find_log(checkpoint: Path, log: str | Path | None = None) -> Path:
    """Return the path of the audit log of a checkpoint."""
    return checkpoint.with_name(LOG) if log is None else Path(log)


def canonical_json(data: dict) -> str:
    """Write plain types in the one way that is hashed.

    Raises:
        ValueError: If a number is not finite.
    """
    return json.dumps(
        data, sort_keys=True, separators=(',', ':'), allow_nan=False
    )


def entry_hash(entry: dict) -> str:
    """Compute the SHA-256 of an entry without its ``hash``, as hex digits."""
    rest = {key: value for key, value in entry.items() if key != 'hash'}
    return hashlib.sha256(canonical_json(rest).encode()).hexdigest()


def read_log(path: str | Path) -> str:
    """Read a log; bytes that are not text make a line that is no entry."""
    return Path(path).read_bytes().decode(errors='replace')


def append_entry(path: str | Path, content: dict) -> dict:
    """Append an entry, completely or not at all.

    Args:
        path: Path of the log, which is created if missing.
        content: What happened, in plain types.

    Returns:
        The entry, with its number and both hashes.

    Raises:
        ValueError: If the log was tampered with.
    """
    text = read_log(path) if Path(path).is_file() else ''
    damage = find_damage(text)
    if damage:
        raise ValueError(
            f'{path} cannot be continued: {"; ".join(damage)}. Restore it, or '
            'begin another log'
        )
    lines = text.splitlines()
    entry = dict(
        content,
        version=ENTRY_VERSION,
        number=len(lines) + 1,
        previous=json.loads(lines[-1])['hash'] if lines else FIRST,
    )
    entry['hash'] = entry_hash(entry)
    with atomic_path(path) as temporary:
        temporary.write_bytes(f'{text}{canonical_json(entry)}\n'.encode())
    return entry


def find_damage(text: str) -> list[str]:
    """Say where a log was tampered with.

    Args:
        text: The whole log.

    Returns:
        A sentence for every line that was changed or does not follow the
        line before it; nothing if all is well.
    """
    *lines, rest = text.split('\n')
    entries = [_parse(line) for line in lines]
    damage = []
    follows = {FIRST}
    for number, (line, entry) in enumerate(zip(lines, entries), 1):
        if entry is None:
            damage.append(f'line {number} is no entry of an audit log')
            follows = set()  # unknown
            continue
        own = entry_hash(entry)
        if entry.get('hash') != own or canonical_json(entry) != line:
            damage.append(f'line {number} was changed')
        elif follows and str(entry.get('previous')) not in follows:
            damage.append(_misplaced(number, entries))
        follows = {own, str(entry.get('hash'))}
    if rest:
        damage.append(f'line {len(lines) + 1} is incomplete')
    return damage


def _parse(line: str) -> dict | None:
    """Parse an entry; return ``None`` if the line is not one."""
    try:
        entry = json.loads(line)
        canonical_json(entry)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _misplaced(number: int, entries: Sequence[dict | None]) -> str:
    """Say why an unchanged line does not follow the one before.

    Args:
        number: Number of the line, from 1.
        entries: Entries of all lines.
    """
    entry = entries[number - 1] or {}
    previous = entry.get('previous')
    if previous == FIRST:
        return f'line {number} is a first entry: it was moved or inserted'
    for place, other in enumerate(entries, 1):
        if other and other.get('hash') == previous:
            return (
                f'line {number} belongs right after line {place}: it was '
                'moved or repeated, or other lines were inserted before it'
            )
    return (
        f'before line {number}, the entry that it follows is missing: it was '
        'removed or rewritten'
    )
