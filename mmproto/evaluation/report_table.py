"""The report as a table of text."""

import textwrap
from collections.abc import Iterable

from prettytable import PrettyTable

WIDTH = 100  # characters of a line of notes
HEADER = ('config', 'checkpoint', 'data_set', 'num_images', 'mmproto', 'date')


def report_table(data: dict) -> str:
    """List all numbers, one per line, with notes below.

    Args:
        data: Result of :func:`~mmproto.evaluation.report.report_data`.
    """
    groups = dict(data['metrics'])
    if data['accuracy']:
        groups = dict(accuracy=dict(scalars=data['accuracy'])) | groups
    numbers = [v for group in groups.values() for v in _values(group)]
    texts = iter(_align([_format(value) for value in numbers]))
    table = PrettyTable(['metric', 'number', 'value'], align='l')
    notes: list[str] = []
    for name, group in groups.items():
        own = group.get('notes', [])
        marks = range(len(notes) + 1, len(notes) + len(own) + 1)
        notes += own
        title = f'{name} [{", ".join(map(str, marks))}]' if own else name
        names = list(group['scalars']) or ['']
        for row, number in enumerate(names):
            last = row == len(names) - 1
            cells = ['' if row else title, number, next(texts)]
            table.add_row(cells, divider=last)
    lines = [f'{key + ":":12}{data[key]}' for key in HEADER]
    if data['surrogate'] is not None:
        lines.append(data['surrogate']['sentence'])
    return '\n'.join([*lines, table.get_string(), *_footnotes(notes)])


def _values(group: dict) -> list[float | None]:
    """List the values of a group; one missing value if it has no number."""
    return list(group['scalars'].values()) or [None]


def _format(value: float | None) -> str:
    """Write about four digits."""
    if value is None:
        return '-'
    size = abs(value)
    if float(value).is_integer() and size < 1e9:
        return str(int(value))
    if size < 1e-3 or size >= 1e9:
        return f'{value:.2e}'
    decimals = 4 - sum(size >= limit for limit in (1, 10, 100))
    return f'{value:.{decimals}f}'


def _align(texts: list[str]) -> list[str]:
    """Pad numbers so that their points are below each other."""
    places = [(text + '.').index('.') for text in texts]
    widest = max(places, default=0)
    return [' ' * (widest - p) + text for p, text in zip(places, texts)]


def _footnotes(notes: Iterable[str]) -> list[str]:
    return [
        textwrap.fill(note, WIDTH, initial_indent=mark, subsequent_indent=gap)
        for mark, gap, note in (
            (f'[{i}] ', ' ' * len(f'[{i}] '), note)
            for i, note in enumerate(notes, 1)
        )
    ]
