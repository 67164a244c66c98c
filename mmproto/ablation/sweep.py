"""The file that lists the rows of an ablation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from .key_numbers import check_names
from .rows import Row, check_row, make_row


@dataclass(frozen=True)
class Sweep:
    """Contents of a sweep file.

    Args:
        rows: By name, in order of the file.
        columns: Figures in the table; empty for the usual ones.
    """

    rows: dict[str, Row]
    columns: list[str]


def read_sweep(path: str | Path, seeds: Sequence[int] | None = None) -> Sweep:
    """Read and check a sweep.

    Args:
        path: A Python config file with ``config``, ``rows`` and, optionally,
            ``seeds`` (``[0]``) and ``columns``.
        seeds: Instead of those of the file and of its rows.

    Raises:
        FileNotFoundError: There is no such file, or no config of a row.
        ValueError: An entry of the file makes no sense.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no sweep {path}')
    data = Config.fromfile(path).to_dict()
    given = data.get('rows')
    if not isinstance(given, Mapping) or not given:
        raise ValueError(f'{path} has no rows; give rows=dict(name=dict(...))')
    shared = dict(config=data.get('config'), seeds=data.get('seeds', [0]))
    forced = {} if seeds is None else dict(seeds=seeds)
    rows = {}
    for name, row in given.items():
        check_row(name, row)
        rows[name] = make_row(name, {**shared, **row, **forced}, path.parent)
    for made in rows.values():
        _check_origin(made, rows)
    starts_first(rows)
    columns = list(data.get('columns') or [])
    check_names(columns)
    return Sweep(rows, columns)


def starts_first(rows: Mapping[str, Row]) -> list[Row]:
    """Sort rows so that each comes after the one whose weights it needs.

    Args:
        rows: All rows of a sweep by name.

    Raises:
        ValueError: Rows start from each other.
    """
    ordered: dict[str, Row] = {}

    def place(row: Row, waiting: tuple[str, ...] = ()) -> None:
        if row.name in waiting:
            raise ValueError(
                f'the rows {", ".join(waiting)} start from each other in a '
                'circle'
            )
        if row.origin is not None and row.origin not in ordered:
            place(rows[row.origin], (*waiting, row.name))
        ordered.setdefault(row.name, row)

    for row in rows.values():
        place(row)
    return list(ordered.values())


def choose_rows(
    rows: Mapping[str, Row], names: Sequence[str] | None
) -> list[str]:
    """Choose the rows of a command, in the order of the sweep.

    Args:
        rows: All rows of a sweep by name.
        names: The requested rows, ``None`` for all. The stages that they
            come after are added.

    Raises:
        ValueError: The sweep has no such row.
    """
    known = shown_rows(rows, list(rows))
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise ValueError(
            f'there is no {", ".join(unknown)}; the sweep has '
            f'{", ".join(known)}'
        )
    wanted = list(rows if names is None else names)
    for name in wanted:
        after = rows[name].after
        if after is not None and rows[after].stage and after not in wanted:
            wanted.append(after)  # its own stages come by as well
    return [name for name in rows if name in wanted]


def shown_rows(rows: Mapping[str, Row], names: Sequence[str]) -> list[str]:
    """Leave out the stages, which no table shows."""
    return [name for name in names if not rows[name].stage]


def _check_origin(row: Row, rows: Mapping[str, Row]) -> None:
    if row.origin is None:
        return
    if row.origin not in rows:
        raise ValueError(
            f'row {row.name} starts from row {row.origin!r}, but the rows '
            f'are {", ".join(rows)}'
        )
    missing = sorted(set(row.seeds) - set(rows[row.origin].seeds))
    if missing:
        raise ValueError(
            f'row {row.name} has the seeds {missing}, with which row '
            f'{row.origin}, its start, is not trained'
        )
