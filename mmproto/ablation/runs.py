"""The trainings of a sweep: their configs, folders and states."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmproto.utils.files import write_json

from .configs import (
    build_config,
    decisive_part,
    save_often,
    training_length,
)
from .rows import RESULTS, Row
from .sweep import Sweep, starts_first

Edit = Callable[[Row, dict], dict]  # of the config of a row


@dataclass(frozen=True)
class Run:
    """One training of one row.

    Args:
        row: What is trained.
        seed: With which.
        config: Complete, of plain types.
        fingerprint: Of all that decides the result.
        folder: For logs and checkpoints.
        result: The JSON with the key numbers.
        start: Checkpoint to go on from, or whose weights to begin with;
            ``None`` for neither.
        first: The run that made the weights to begin with, if any.
    """

    row: Row
    seed: int
    config: dict
    fingerprint: str
    folder: Path
    result: Path
    start: Path | None
    first: 'Run | None'

    @property
    def name(self) -> str:
        """How messages call it."""
        return f'{self.row.name}, seed {self.seed}'

    def read_state(self) -> dict[str, Any]:
        """What is known of earlier attempts; empty without any."""
        path = self.folder / 'run.json'
        return read_json(path) if path.is_file() else {}

    def write_state(self, **changes: Any) -> None:
        """Remember how far this run has come."""
        old = dict(trained=False, failed=None) | self.read_state()
        state = old | dict(fingerprint=self.fingerprint) | changes
        write_json(state, self.folder / 'run.json')

    def note_memory(self, memory_mb: float | None) -> None:
        """Remember the largest peak memory of all attempts."""
        known = [self.read_state().get('memory_mb'), memory_mb]
        peak = max((m for m in known if m is not None), default=None)
        self.write_state(memory_mb=peak)

    @property
    def trained(self) -> bool:
        """Whether the training has come to its end."""
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
        """The trainings behind the last weights, one after the other."""
        return [*(self.first.stages if self.first else ()), self]

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint of this run, if any.

        mmengine notes its path as it was: only the name outlives a move.
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
    """Build the configs of all runs, starts first.

    Args:
        sweep: The rows.
        work_dir: Folder of all runs.
        cfg_options: Applied to every config after those of its row.
        interval: Of the images that are measured again.
        edit: Makes the last changes of a config.

    Raises:
        ValueError: An option leads nowhere, or a start is never reached.
    """
    runs: dict[tuple[str, int], Run] = {}
    for row in starts_first(sweep.rows):
        starts = [
            other.start.iteration
            for other in sweep.rows.values()
            if other.start is not None and other.start.row == row.name
        ]
        for seed in row.seeds:
            config = build_config(row, seed, cfg_options)
            if edit is not None:
                config = edit(row, config)
            save_often(row.name, config, starts)
            origin = runs[row.origin, seed] if row.origin else None
            runs[row.name, seed] = _make_run(
                row, seed, config, origin, Path(work_dir), interval
            )
    return list(runs.values())


def _make_run(
    row: Row,
    seed: int,
    config: dict,
    origin: Run | None,
    work_dir: Path,
    interval: int,
) -> Run:
    basis: dict[str, Any] = dict(
        config=decisive_part(config), interval=interval
    )
    start = first = None
    if origin is not None:
        if row.start is not None:
            iteration = row.start.iteration
            basis['start'] = [origin.fingerprint, iteration]
        else:
            iteration = _last_iteration(origin)
            basis['after'] = origin.fingerprint
            first = origin
        start = origin.folder / f'iter_{iteration}.pth'
    return Run(
        row,
        seed,
        config,
        fingerprint(basis),
        work_dir / row.name / f'seed{seed}',
        work_dir / RESULTS / f'{row.name}_seed{seed}.json',
        start,
        first,
    )


def _last_iteration(run: Run) -> int:
    length = training_length(run.config)
    if length is None:
        raise ValueError(
            f'row {run.row.name} counts epochs: other rows can come after '
            'trainings of train_cfg.max_iters only'
        )
    return length


def fingerprint(basis: Any) -> str:
    """Hash of plain types; lists and tuples are the same."""
    text = json.dumps(basis, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def check_unchanged(run: Run) -> None:
    """Refuse to mix what was made from different configs.

    Raises:
        ValueError: There are results or checkpoints of another config.
    """
    if run.result.is_file():
        found, where = read_json(run.result)['config_hash'], run.result
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
    """How far a run has come, in a few words."""
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


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding='utf-8'))
