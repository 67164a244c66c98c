"""The trainings of a sweep: their configs, folders and states."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.fileio import load

from mmproto.utils.files import write_json

from .configs import (
    build_config,
    known_length,
    save_often,
    training_length,
)
from .sweep import RESULTS, Row, Sweep, starts_first

Edit = Callable[[Row, dict], dict]  # of the config of a row


@dataclass(frozen=True)
class Run:
    """One training of one row.

    Args:
        row: What is trained.
        seed: Of the training.
        config: Complete, of plain types.
        fingerprint: Hash of all that decides the result.
        folder: For logs and checkpoints.
        result: The JSON with the key numbers.
        origin: Run of the row that this one starts from or comes after, if
            any.
        start: The checkpoint of ``origin`` that is needed, if any.
    """

    row: Row
    seed: int
    config: dict
    fingerprint: str
    folder: Path
    result: Path
    origin: 'Run | None'
    start: Path | None

    @property
    def name(self) -> str:
        """Row and seed, as in messages."""
        return f'{self.row.name}, seed {self.seed}'

    def read_state(self) -> dict[str, Any]:
        """Read what earlier attempts left; empty without any."""
        path = self.folder / 'run.json'
        return load(path) if path.is_file() else {}

    def write_state(self, **changes: Any) -> None:
        """Record how far this run has come."""
        old = dict(trained=False, failed=None) | self.read_state()
        state = old | dict(fingerprint=self.fingerprint) | changes
        write_json(state, self.folder / 'run.json')

    def note_memory(self, memory_mb: float | None) -> None:
        """Record the largest peak memory of all attempts, in MB."""
        peak = max(self.read_state().get('memory_mb') or 0, memory_mb or 0)
        self.write_state(memory_mb=peak or None)

    @property
    def trained(self) -> bool:
        """Whether the training is complete."""
        length = training_length(self.config)
        last = self.last_checkpoint()
        at_end = last is not None and last.stem == f'iter_{length}'
        return at_end or self.read_state().get('trained', False)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.trained if self.row.stage else self.result.is_file()

    @property
    def stages(self) -> 'list[Run]':
        """The trainings behind the last weights, in order."""
        earlier = self.origin if self.row.after else None
        return [*(earlier.stages if earlier else ()), self]

    @property
    def lacks_start(self) -> bool:
        """Whether it would begin from a checkpoint that is missing."""
        begun = self.last_checkpoint() is not None
        return not (begun or self.start is None or self.start.is_file())

    def last_checkpoint(self) -> Path | None:
        """Find the newest checkpoint of this run, if any.

        mmengine records its absolute path: after a move only the name holds.
        """
        note = self.folder / 'last_checkpoint'
        if not note.is_file():
            return None
        path = self.folder / Path(note.read_text().strip()).name
        return path if path.is_file() else None


def plan_runs(
    sweep: Sweep,
    work_dir: str | Path,
    cfg_options: Mapping[str, Any] | None = None,
    interval: int = 5,
    edit: Edit | None = None,
) -> list[Run]:
    """Plan all runs of a sweep, each after the one that it starts from.

    Args:
        sweep: The rows.
        work_dir: Folder of all runs.
        cfg_options: Applied to every config after those of its row.
        interval: Every how many images one is measured again.
        edit: Makes the last changes to a config.

    Raises:
        ValueError: An option leads nowhere, or a start is never reached.
    """
    runs: dict[tuple[str, int], Run] = {}
    for row in starts_first(sweep.rows):
        starts = [
            other.start['iteration']
            for other in sweep.rows.values()
            if other.start is not None and other.origin == row.name
        ]
        for seed in row.seeds:
            config = build_config(row, seed, cfg_options)
            if edit is not None:
                config = edit(row, config)
            save_often(row.name, config, starts)
            # when checkpoints are saved changes no result
            hooks = dict(config.get('default_hooks') or {})
            hooks.pop('checkpoint', None)
            decisive = {**config, 'default_hooks': hooks}
            basis = dict(config=decisive, interval=interval)
            origin = runs[row.origin, seed] if row.origin else None
            start = _find_start(row, origin, basis) if origin else None
            runs[row.name, seed] = Run(
                row,
                seed,
                config,
                _hash(basis),
                Path(work_dir, row.name, f'seed{seed}'),
                Path(work_dir, RESULTS, f'{row.name}_seed{seed}.json'),
                origin,
                start,
            )
    return list(runs.values())


def _find_start(row: Row, origin: Run, basis: dict[str, Any]) -> Path:
    """Return the checkpoint that a row needs, and note it in the basis."""
    if row.start is not None:
        iteration = row.start['iteration']
        basis['start'] = [origin.fingerprint, iteration]
    else:
        iteration = known_length(origin.row.name, origin.config)
        basis['after'] = origin.fingerprint
    return origin.folder / f'iter_{iteration}.pth'


def _hash(basis: Any) -> str:
    """Hash plain types; lists and tuples are the same."""
    text = json.dumps(basis, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def check_unchanged(run: Run) -> None:
    """Refuse to mix results of different configs.

    Raises:
        ValueError: There are results or checkpoints of another config.
    """
    if run.result.is_file():
        found, where = load(run.result)['config_hash'], run.result
    elif run.last_checkpoint() is not None:
        found, where = run.read_state().get('fingerprint'), run.folder
    else:
        return
    if found != run.fingerprint:
        raise ValueError(
            f'row {run.name}: {where} was made from another config, start or '
            f'interval than the sweep has now; remove {where} and '
            f'{run.folder}, or choose another work dir'
        )


def describe(run: Run) -> str:
    """Say in a few words how far a run has come."""
    state = run.read_state()
    try:
        check_unchanged(run)
    except ValueError:
        return 'made from another config'
    if run.done:
        return 'done'
    if state.get('failed'):
        return f'failed: {state["failed"]}'
    if run.trained:
        return 'trained, not measured'
    checkpoint = run.last_checkpoint()
    return f'begun, {checkpoint.stem}' if checkpoint else 'missing'
