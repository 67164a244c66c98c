"""The file that lists the rows of an ablation."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmproto.environment import SCOPE, config_path

from .key_numbers import check_names

ROW_KEYS = (
    'config',
    'options',
    'remove_hooks',
    'add_hooks',
    'start',
    'seeds',
)
RESULTS = 'results'  # a folder beside those of the rows


@dataclass(frozen=True)
class Start:
    """Where a training goes on, instead of beginning anew.

    Args:
        row: Whose checkpoint, of the same seed.
        iteration: Of the checkpoint.
    """

    row: str
    iteration: int


@dataclass(frozen=True)
class Row:
    """One line of the table: a config and what is changed in it.

    Args:
        name: Also of its folder.
        config: As the sweep names it.
        path: Where that config lies.
        options: Values by key, see :mod:`mmproto.ablation.options`.
        remove_hooks: Types of hooks to leave out.
        add_hooks: Configs of hooks to append.
        start: Where its training goes on, ``None`` to begin anew.
        seeds: One training each.
    """

    name: str
    config: str
    path: Path
    options: dict[str, Any]
    remove_hooks: list[str]
    add_hooks: list[dict]
    start: Start | None
    seeds: list[int]


@dataclass(frozen=True)
class Sweep:
    """What a sweep file says.

    Args:
        rows: By name, in order of the file.
        columns: Figures of the table; empty for the usual ones.
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
        ValueError: Something in it makes no sense.
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
        _check_row(name, row)
        rows[name] = _make_row(name, {**shared, **row, **forced}, path.parent)
    for made in rows.values():
        _check_start(made, rows)
    starts_first(rows)
    columns = list(data.get('columns') or [])
    check_names(columns)
    return Sweep(rows, columns)


def starts_first(rows: Mapping[str, Row]) -> list[Row]:
    """Sort rows so that each comes after the one that it starts from.

    Args:
        rows: All rows of a sweep by name.

    Raises:
        ValueError: Rows start from each other.
    """
    ordered: list[Row] = []
    for row in rows.values():
        chain: list[Row] = []
        current: Row | None = row
        while current is not None and current not in ordered:
            if current in chain:
                names = ', '.join(link.name for link in chain)
                raise ValueError(
                    f'the rows {names} start from each other in a circle'
                )
            chain.append(current)
            current = rows[current.start.row] if current.start else None
        ordered += reversed(chain)
    return ordered


def _check_row(name: Any, row: Any) -> None:
    if not isinstance(name, str) or not re.fullmatch(r'\w[\w-]*', name):
        raise ValueError(
            f'a row names a folder: letters, digits, - and _; got {name!r}'
        )
    if name == RESULTS:
        raise ValueError(f'no row can be called {RESULTS}: that folder exists')
    if not isinstance(row, Mapping):
        raise ValueError(f'row {name} must be a dict, got {row!r}')
    unknown = sorted(set(row) - set(ROW_KEYS))
    if unknown:
        raise ValueError(
            f'row {name} has {", ".join(unknown)}; it may have '
            f'{", ".join(ROW_KEYS)}'
        )


def _make_row(name: str, data: Mapping, folder: Path) -> Row:
    config = data['config']
    if not isinstance(config, str):
        raise ValueError(
            f'row {name} has no config; name one in it or for all rows'
        )
    return Row(
        name,
        config,
        _find_config(name, config, folder),
        dict(data.get('options') or {}),
        list(data.get('remove_hooks') or []),
        list(data.get('add_hooks') or []),
        _make_start(name, data.get('start')),
        _checked_seeds(name, data['seeds']),
    )


def _find_config(name: str, config: str, folder: Path) -> Path:
    path = config_path(config) if config.startswith(SCOPE) else folder / config
    if not path.is_file():
        raise FileNotFoundError(f'row {name}: there is no config {path}')
    return path


def _make_start(name: str, start: Any) -> Start | None:
    if start is None:
        return None
    if not isinstance(start, Mapping) or set(start) != {'row', 'iteration'}:
        raise ValueError(
            f'row {name}: start must be dict(row=..., iteration=...), got '
            f'{start!r}'
        )
    if not isinstance(start['iteration'], int) or start['iteration'] < 1:
        raise ValueError(
            f'row {name} starts from iteration {start["iteration"]!r}; give '
            'a positive number'
        )
    return Start(start['row'], start['iteration'])


def _checked_seeds(name: str, seeds: Any) -> list[int]:
    good = isinstance(seeds, Sequence) and all(
        isinstance(seed, int) and seed >= 0 for seed in seeds
    )
    if not good or not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(
            f'row {name}: seeds must be different whole numbers from 0 on, '
            f'at least one, got {seeds!r}'
        )
    return list(seeds)


def _check_start(row: Row, rows: Mapping[str, Row]) -> None:
    if row.start is None:
        return
    if row.start.row not in rows:
        raise ValueError(
            f'row {row.name} starts from row {row.start.row!r}, but the rows '
            f'are {", ".join(rows)}'
        )
    missing = sorted(set(row.seeds) - set(rows[row.start.row].seeds))
    if missing:
        raise ValueError(
            f'row {row.name} has the seeds {missing}, with which row '
            f'{row.start.row}, its start, is not trained'
        )
