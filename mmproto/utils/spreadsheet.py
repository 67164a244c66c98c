"""CSV for spreadsheets, in which no cell is taken for a formula."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from mmproto.utils.files import atomic_path

Cell = str | int | float | bool | None

# What a formula begins with, in East Asia also the wide ones; the last is the
# apostrophe that protects a text.
FORMULA = ('=', '+', '-', '@', '＝', '＋', '－', '＠', "'")


def make_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    r"""Make CSV that reads back as it was written.

    Texts are quoted; numbers are not, and have as many digits as it takes to
    read the same number back; lines end in ``\n``. A text that a spreadsheet
    would run as a formula gets an apostrophe in front, and so does one that
    begins with an apostrophe: a reader of the file removes one.

    Args:
        header: Names of the columns.
        rows: A cell for each column; ``None`` leaves it empty.

    Raises:
        ValueError: If a number is not finite.
    """
    text = io.StringIO()
    # quoted, because csv leaves a lone carriage return bare otherwise
    writer = csv.writer(
        text, quoting=csv.QUOTE_NONNUMERIC, lineterminator='\n'
    )
    writer.writerow(map(protect, header))
    for row in rows:
        writer.writerow(
            _plain(cell, column)
            for cell, column in zip(row, header, strict=True)
        )
    return text.getvalue()


def write_text(text: str, path: str | Path) -> None:
    """Write a text as it is, line ends included."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode('utf-8'))


def protect(text: str) -> str:
    """Put an apostrophe before a text that would be run as a formula.

    >>> protect('=1+1'), protect('road')
    ("'=1+1", 'road')
    """
    return "'" + text if text.lstrip().startswith(FORMULA) else text


def _plain(cell: Cell, column: str) -> Cell:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, str):
        return protect(cell)
    if isinstance(cell, float):
        if not math.isfinite(cell):
            raise ValueError(
                f'a table of finite numbers has {cell} in column {column!r}: '
                'the model diverged, or its weights were not loaded'
            )
        return float(cell)  # csv writes only this type with all digits
    return cell
