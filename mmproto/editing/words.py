"""Edits in words, for a terminal.

Names and reasons are what anybody may have written into a checkpoint or a
log: characters that move the cursor or end a line must be escaped.
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

SWITCHED = dict(disable='disabled', enable='enabled')


def printable(text: str) -> str:
    """Escape line ends, terminal codes and invisible marks."""
    return ''.join(
        letter if letter.isprintable() else repr(letter)[1:-1]
        for letter in text
    )


def quoted_concept(concept: int, name: str | None) -> str:
    """Write a concept with its name, if it has one, as in "17 'wheel'"."""
    return f'{concept:d} {name!r}' if name else f'{concept:d}'


def describe_entry(number: int, entry: dict) -> str:
    """Say in one line when an edit was made, by whom, what it did and why.

    Args:
        number: Number of the entry.
        entry: Entry of the log.
    """
    # version 1 had one action
    one = entry['version'] == 1
    actions = [entry['action']] if one else entry['actions']
    return (
        f'entry {number}, {printable(entry["time"])}, {entry["by"]!r}: '
        f'{describe_actions(actions)} (reason: {entry["reason"]!r})'
    )


def describe_actions(actions: Sequence[dict]) -> str:
    """Say what an edit did, as in "disabled concepts 3, 17".

    Args:
        actions: Actions that :class:`EditableConcepts` returned.
    """
    parts: list[str] = []
    for kind, group in groupby(actions, key=lambda action: action['kind']):
        if kind == 'rename':
            parts += map(_renamed, group)
        elif kind == 'reweight':
            parts += map(_reweighted, group)
        else:
            labels = [_label(action) for action in group]
            noun = 'concept' if len(labels) == 1 else 'concepts'
            parts.append(f'{SWITCHED[kind]} {noun} {", ".join(labels)}')
    return '; '.join(parts)


def _renamed(action: dict) -> str:
    old, new = action['old_name'], action['new_name']
    if not new:
        return f'took the name {old!r} from concept {action["concept"]:d}'
    was = f', before {old!r}' if old else ''
    return f'renamed concept {quoted_concept(action["concept"], new)}{was}'


def _reweighted(action: dict) -> str:
    old, new = (
        # the shortest number that is this one in float32
        str(np.float32(action[key][action['class_index']]))
        for key in ('old_weights', 'new_weights')
    )
    name = printable(action['class_name'])
    return f'concept {_label(action)}: {name} {old} -> {new}'


def _label(action: dict) -> str:
    return quoted_concept(action['concept'], action.get('name'))
