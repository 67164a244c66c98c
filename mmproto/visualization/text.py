"""Texts cut and wrapped by the width at which they are drawn."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from mmproto.explanations.explanation import Explanation

# for rc_context: names come from people, a dollar sign is not a formula
PLAIN_TEXT: Any = {'text.parse_math': False}
POINTS = 72.0  # per inch
SLACK = 1.04  # glyphs on a grid of pixels are a little wider


def text_width(text: str, size: float, weight: str = 'normal') -> float:
    """Return the width of one line of text in inches.

    Args:
        text: The line.
        size: Of the font, in points.
        weight: Of the font.
    """
    font = FontProperties(weight=weight, size=size)
    with warnings.catch_warnings():
        # drawing warns of letters that the font lacks, too
        warnings.simplefilter('ignore', UserWarning)
        width, *_ = text_to_path.get_text_width_height_descent(
            text, font, False
        )
    return SLACK * width / POINTS


def fit(text: str, size: float, width: float, weight: str = 'normal') -> str:
    """Cut a text to one line, with dots at the end if it was cut.

    Args:
        text: Each run of blanks in it becomes one.
        size: Of the font, in points.
        width: In inches.
        weight: Of the font.
    """
    return wrap_text(text, size, width, weight, most=1)


def wrap_text(
    text: str,
    size: float,
    width: float,
    weight: str = 'normal',
    most: int | None = None,
) -> str:
    """Wrap a text into lines, between words where possible.

    Args:
        text: Each run of blanks in it becomes one.
        size: Of the font, in points.
        width: Of a line, in inches.
        weight: Of the font.
        most: Largest number of lines; dots at the end stand for more.
    """
    lines: list[str] = []
    rest = one_line(text)
    while rest:
        line = _first_line(rest, size, width, weight)
        if len(lines) + 1 == most and line != rest:
            kept = _most_letters(rest, size, width, weight, '…')
            lines.append(rest[:kept].rstrip() + '…')
            break
        lines.append(line)
        rest = rest[len(line) :].lstrip()
    return '\n'.join(lines)


def wrap_words(words: Sequence[str], size: float, width: float) -> str:
    """Wrap a list of words into lines, and break no word.

    Args:
        words: May contain blanks.
        size: Of the font, in points.
        width: Of a line, in inches; a wider word has a line of its own.
    """
    lines: list[str] = []
    for word in words:
        if lines and text_width(f'{lines[-1]} {word}', size) <= width:
            lines[-1] += f' {word}'
        else:
            lines.append(word)
    return '\n'.join(lines)


def one_line(text: str) -> str:
    """Turn each run of blanks and line breaks into one blank."""
    return ' '.join(text.split())


def with_plain_names(explanation: Explanation) -> Explanation:
    """Return an explanation whose class names are one line each."""
    names = [one_line(name) for name in explanation.classes]
    return replace(explanation, classes=names)


def concept_title(
    concept: int, name: str | None, size: float, width: float
) -> str:
    """Title a concept by number and name, in two lines at most.

    Args:
        concept: Its number.
        name: A name that people gave it, if any.
        size: Of the font, in points; it is bold.
        width: Of a line, in inches.
    """
    title = f'Concept {concept}: {name}' if name else f'Concept {concept}'
    return wrap_text(title, size, width, 'bold', most=2)


def _first_line(text: str, size: float, width: float, weight: str) -> str:
    kept = _most_letters(text, size, width, weight)
    if kept == len(text) or text[kept] == ' ':
        return text[:kept].rstrip()
    blank = text.rfind(' ', 0, kept)
    return text[:blank] if blank > 0 else text[:kept]


def _most_letters(
    text: str, size: float, width: float, weight: str, end: str = ''
) -> int:
    """Count the letters that fit into a line, at least one."""
    if text_width(text + end, size, weight) <= width:
        return len(text)
    low, high = 1, len(text) - 1
    while low < high:  # low fits
        middle = (low + high + 1) // 2
        if text_width(text[:middle] + end, size, weight) <= width:
            low = middle
        else:
            high = middle - 1
    return low
