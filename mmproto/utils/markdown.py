"""Markdown made from any text."""

import re
from collections.abc import Iterable, Sequence

MOST_CLASSES = 4  # of one concept that are listed


def escape(text: str) -> str:
    r"""Escape text for a line or a table cell of Markdown.

    Runs of blanks and line ends become one blank.

    >>> escape('a|b  *c*')
    'a\\|b \\*c\\*'
    """
    text = ' '.join(text.split())
    text = text.replace('&', '&amp;').replace('<', '&lt;')
    # a dollar begins a formula on GitHub; an underscore within a word
    # emphasises nothing
    return re.sub(r'([\\`*\[\]|#$~]|(?<!\w)_|_(?!\w))', r'\\\1', text)


def listed(texts: Iterable[str]) -> str:
    """Escape texts and join them with commas."""
    return ', '.join(map(escape, texts))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table of cells that are Markdown already."""
    lines = [header, ['---'] * len(header), *rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def weight_list(weights: Iterable[tuple[str, float]]) -> str:
    """List classes and weights, as in "road 12.29, sidewalk 3.68, 2 more"."""
    texts = [f'{escape(name)} {weight:.2f}' for name, weight in weights]
    if len(texts) > MOST_CLASSES:
        texts[MOST_CLASSES:] = [f'{len(texts) - MOST_CLASSES} more']
    return ', '.join(texts)


def number(value: float | None, decimals: int | None = None) -> str:
    """Format a number, or a dash if there is none.

    Args:
        value: The number.
        decimals: How many; by default four significant digits.

    >>> number(0.123456), number(12, decimals=1), number(None)
    ('0.1235', '12.0', '-')
    """
    if value is None:
        return '-'
    return f'{value:.4g}' if decimals is None else f'{value:.{decimals}f}'
