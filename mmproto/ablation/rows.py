"""The rows of a sweep: what each trains, and where its training begins."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmproto.utils.environment import SCOPE, config_path

ROW_KEYS = (
    'config',
    'options',
    'remove_hooks',
    'add_hooks',
    'start',
    'after',
    'stage',
    'share',
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
        after: Row from whose last weights, of the same seed, a training of
            its own begins; ``None`` for those of the config.
        stage: Whether it only makes weights for another row: it is trained,
            but neither measured nor shown.
        share: Of the budget of a comparison, from 0 to 1; those of a row and
            of all that it comes after are 1 together.
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


def check_row(name: Any, row: Any) -> None:
    """Check the name and the keys of a row of a sweep file.

    Raises:
        ValueError: There is something wrong with them.
    """
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
        _checked_after(name, data),
        bool(data.get('stage', False)),
        _checked_share(name, data.get('share', 1)),
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


def _checked_after(name: str, data: Mapping) -> str | None:
    after = data.get('after')
    if after is None:
        return None
    if not isinstance(after, str):
        raise ValueError(f'row {name}: after names a row, got {after!r}')
    if data.get('start') is not None:
        raise ValueError(
            f'row {name} has both start, to go on with a training, and '
            'after, to begin another one; choose one'
        )
    return after


def _checked_share(name: str, share: Any) -> float:
    number = isinstance(share, (int, float)) and not isinstance(share, bool)
    if not number or not 0 < share <= 1:
        raise ValueError(
            f'row {name}: share must be a number above 0 and up to 1, got '
            f'{share!r}'
        )
    return share
