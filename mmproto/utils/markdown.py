"""Markdown from any text."""

import re
from collections.abc import Iterable, Sequence

MOST_CLASSES = 4  # of one concept that are listed


def escape(text: str) -> str:
    """Let text stand for itself in a line of Markdown, also in a table.

    Runs of blanks and line ends become one blank.
    """
    text = ' '.join(text.split())
    text = text.replace('&', '&amp;').replace('<', '&lt;')
    # a dollar begins a formula on GitHub; an underscore within a word
    # emphasises nothing
    return re.sub(r'([\\`*\[\]|#$~]|(?<!\w)_|_(?!\w))', r'\\\1', text)


def listed(texts: Iterable[str]) -> str:
    """Escaped texts with commas between them."""
    return ', '.join(map(escape, texts))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [header, ['---'] * len(header), *rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def weight_list(weights: Iterable[tuple[str, float]]) -> str:
    """List classes and weights, as in "road 12.29, sidewalk 3.68, 2 more"."""
    texts = [f'{escape(name)} {weight:.2f}' for name, weight in weights]
    if len(texts) > MOST_CLASSES:
        texts[MOST_CLASSES:] = [f'{len(texts) - MOST_CLASSES} more']
    return ', '.join(texts)


def number(value: float | None, decimals: int | None = None) -> str:
    """Write a number, or a dash for none.

    Args:
        value: The number.
        decimals: How many; four digits in all by default.
    """
    if value is None:
        return '-'
    return f'{value:.4g}' if decimals is None else f'{value:.{decimals}f}'
