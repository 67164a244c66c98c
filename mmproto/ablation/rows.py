"""The rows of a sweep: what each trains, and where its training begins."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mmproto.utils.environment import SCOPE, config_path

RESULTS = 'results'  # a folder beside those of the rows


@dataclass(frozen=True)
class Start:
    """The checkpoint from which a training resumes.

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
        start: Checkpoint of another row to resume from, if any.
        after: Row with whose last weights, of the same seed, a new training
            begins; ``None`` for those of the config.
        stage: Whether it only makes weights for another row: it is trained,
            but neither measured nor shown.
        share: Of the budget of a comparison, from 0 to 1. The shares of a row
            and of all rows that it comes after sum to 1.
        seeds: One training each.
    """

    name: str
    config: str
    path: Path
    options: dict[str, Any]
    remove_hooks: list[str]
    add_hooks: list[dict]
    start: Start | None
    after: str | None
    stage: bool
    share: float
    seeds: list[int]

    @property
    def origin(self) -> str | None:
        """The row whose checkpoint this one needs, if any."""
        return self.start.row if self.start else self.after


ROW_KEYS = [
    field.name for field in fields(Row) if field.name not in ('name', 'path')
]


def check_row(name: Any, row: Any) -> None:
    """Check the name and the keys of a row of a sweep file.

    Raises:
        ValueError: One of them is wrong.
    """
    _require(
        isinstance(name, str) and re.fullmatch(r'\w[\w-]*', name),
        f'a row names a folder: letters, digits, - and _; got {name!r}',
    )
    _require(
        name != RESULTS, f'no row can be called {RESULTS}: that folder exists'
    )
    _require(
        isinstance(row, Mapping), f'row {name} must be a dict, got {row!r}'
    )
    unknown = sorted(set(row) - set(ROW_KEYS))
    _require(
        not unknown,
        f'row {name} has {", ".join(unknown)}; it may have '
        f'{", ".join(ROW_KEYS)}',
    )


def make_row(name: str, data: Mapping, folder: Path) -> Row:
    """Read a row whose keys are known.

    Args:
        name: Of the row.
        data: Its entries, with the shared ones of the file.
        folder: Of the file, from which configs are looked for.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: An entry makes no sense.
    """
    _check_values(name, data)
    config = data['config']
    path = config_path(config) if config.startswith(SCOPE) else folder / config
    if not path.is_file():
        raise FileNotFoundError(f'row {name}: there is no config {path}')
    start = data.get('start')
    return Row(
        name,
        config,
        path,
        dict(data.get('options') or {}),
        list(data.get('remove_hooks') or []),
        list(data.get('add_hooks') or []),
        Start(**start) if start else None,
        data.get('after'),
        bool(data.get('stage', False)),
        data.get('share', 1),
        list(data['seeds']),
    )


def _check_values(name: str, data: Mapping) -> None:
    _require(
        isinstance(data['config'], str),
        f'row {name} has no config; name one in it or for all rows',
    )
    start, after = data.get('start'), data.get('after')
    if start is not None:
        _check_start(name, start)
    _require(
        after is None or isinstance(after, str),
        f'row {name}: after names a row, got {after!r}',
    )
    _require(
        start is None or after is None,
        f'row {name} has both start, to go on with a training, and after, to '
        'begin another one; choose one',
    )
    share, seeds = data.get('share', 1), data['seeds']
    _require(
        type(share) in (int, float) and 0 < share <= 1,
        f'row {name}: share must be a number above 0 and up to 1, got '
        f'{share!r}',
    )
    _require(
        _are_seeds(seeds),
        f'row {name}: seeds must be different whole numbers from 0 on, at '
        f'least one, got {seeds!r}',
    )


def _check_start(name: str, start: Any) -> None:
    _require(
        isinstance(start, Mapping) and set(start) == {'row', 'iteration'},
        f'row {name}: start must be dict(row=..., iteration=...), got '
        f'{start!r}',
    )
    iteration = start['iteration']
    _require(
        isinstance(iteration, int) and iteration > 0,
        f'row {name} starts from iteration {iteration!r}; give a positive '
        'number',
    )


def _are_seeds(seeds: Any) -> bool:
    return (
        isinstance(seeds, Sequence)
        and all(isinstance(seed, int) and seed >= 0 for seed in seeds)
        and 0 < len(set(seeds)) == len(seeds)
    )


def _require(condition: Any, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
