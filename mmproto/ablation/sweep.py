"""The rows of a sweep: what each trains, and where its training begins."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmproto.utils.environment import SCOPES, config_path

from .key_numbers import check_names

RESULTS = 'results'  # a folder beside those of the rows


@dataclass(frozen=True)
class Row:
    """One line of the table: a config and what is changed in it.

    Args:
        name: Also of its folder.
        path: Where its config lies.
        config: As the sweep names it.
        seeds: One training each.
        options: Values by key, see :mod:`mmproto.ablation.options`.
        remove_hooks: Types of hooks to leave out.
        add_hooks: Configs of hooks to append.
        start: Name of another row and an iteration: the checkpoint, of the
            same seed, from which the training resumes.
        after: Row with whose last weights, of the same seed, a new training
            begins; ``None`` for those of the config.
        stage: Whether it only makes weights for another row: it is trained,
            but neither measured nor shown.
        share: Of the budget of a comparison, from 0 to 1. The shares of a row
            and of all rows that it comes after sum to 1.
    """

    name: str
    path: Path
    config: str
    seeds: list[int]
    options: dict[str, Any] = field(default_factory=dict)
    remove_hooks: list[str] = field(default_factory=list)
    add_hooks: list[dict] = field(default_factory=list)
    start: dict[str, Any] | None = None
    after: str | None = None
    stage: bool = False
    share: float = 1

    @property
    def origin(self) -> str | None:
        """The row whose checkpoint this one needs, if any."""
        return self.start['row'] if self.start else self.after


ROW_KEYS = [entry.name for entry in fields(Row)][2:]


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
    rows = {
        name: _read_row(name, row, shared, forced, path.parent)
        for name, row in given.items()
    }
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
    for name in rows:
        chain = [name]
        while (origin := rows[chain[-1]].origin) is not None:
            if origin in chain:
                raise ValueError(
                    f'the rows {", ".join(chain)} start from each other in a '
                    'circle'
                )
            chain.append(origin)
        ordered |= {link: rows[link] for link in reversed(chain)}
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
    known = [name for name, row in rows.items() if not row.stage]
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


def _read_row(
    name: Any, given: Any, shared: dict, forced: dict, folder: Path
) -> Row:
    """Read one row; configs are looked for from the folder of the file."""
    form = rf'(?!{RESULTS}$)\w[\w-]*'
    if not isinstance(name, str) or not re.fullmatch(form, name):
        raise ValueError(
            'a row names a folder: letters, digits, - and _, other than '
            f'{RESULTS}; got {name!r}'
        )
    if not isinstance(given, Mapping):
        raise ValueError(f'row {name} must be a dict, got {given!r}')
    unknown = sorted(set(given) - set(ROW_KEYS))
    if unknown:
        raise ValueError(
            f'row {name} has {", ".join(unknown)}; it may have '
            f'{", ".join(ROW_KEYS)}'
        )
    set_here = {k: v for k, v in given.items() if v is not None}
    data = shared | set_here | forced
    config = data['config']
    if not isinstance(config, str):
        raise ValueError(
            f'row {name} has no config; name one in it or for all rows'
        )
    path = (
        config_path(config) if config.startswith(SCOPES) else folder / config
    )
    if not path.is_file():
        raise FileNotFoundError(f'row {name}: there is no config {path}')
    row = Row(name, path, **data)
    _check_values(row)
    return row


def _check_values(row: Row) -> None:
    start, seeds, share = row.start, row.seeds, row.share
    problem = None
    if start is not None and not _is_start(start):
        problem = (
            'start must be dict(row=..., iteration=...) with a positive '
            f'iteration, got {start!r}'
        )
    elif start is not None and row.after is not None:
        problem = (
            'both start, to go on with a training, and after, to begin '
            'another one, are given; choose one'
        )
    elif type(share) not in (int, float) or not 0 < share <= 1:
        problem = f'share must be a number above 0 and up to 1, got {share!r}'
    elif not _are_seeds(seeds):
        problem = (
            'seeds must be different whole numbers from 0 on, at least one, '
            f'got {seeds!r}'
        )
    if problem:
        raise ValueError(f'row {row.name}: {problem}')


def _is_start(start: Any) -> bool:
    return (
        isinstance(start, Mapping)
        and set(start) == {'row', 'iteration'}
        and isinstance(start['iteration'], int)
        and start['iteration'] > 0
    )


def _are_seeds(seeds: Any) -> bool:
    return (
        isinstance(seeds, Sequence)
        and all(isinstance(seed, int) and seed >= 0 for seed in seeds)
        and 0 < len(set(seeds)) == len(seeds)
    )


def _check_origin(row: Row, rows: Mapping[str, Row]) -> None:
    if row.origin is None:
        return
    if row.origin not in list(rows):
        raise ValueError(
            f'row {row.name}: start or after names row {row.origin!r}, but '
            f'the rows are {", ".join(rows)}'
        )
    missing = sorted(set(row.seeds) - set(rows[row.origin].seeds))
    if missing:
        raise ValueError(
            f'row {row.name} has the seeds {missing}, with which row '
            f'{row.origin}, its start, is not trained'
        )
