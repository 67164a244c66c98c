"""Trains and measures the runs of a sweep, each in processes of its own."""

import datetime
import logging
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import print_log

from mmproto.utils.files import write_json

from .key_numbers import Figures
from .launching import FailedRun, launch, write_config
from .machine import describe_machine, describe_versions
from .measurement import measure
from .runs import Run, check_unchanged


def check_runs(runs: Sequence[Run], chosen: Sequence[Run]) -> None:
    """Refuse what could only fail after hours.

    Args:
        runs: All of the sweep.
        chosen: Those that are about to be carried out.

    Raises:
        ValueError: A config has changed since an earlier attempt, or a
            checkpoint to start from is not there and will not be made.
    """
    for run in chosen:
        check_unchanged(run)
        if run.start is None or run.done or run.start.is_file():
            continue
        if run.last_checkpoint() is not None:
            continue
        origin = next(
            other for other in runs if other.folder == run.start.parent
        )
        if origin not in chosen:
            raise ValueError(
                f'row {run.name} starts from {run.start}, which is missing: '
                f'train row {origin.row.name} too'
            )
        if origin.result.is_file() or origin.trained:
            raise ValueError(
                f'row {run.name} starts from {run.start}, which is missing, '
                f'though row {origin.name} is trained: remove '
                f'{origin.result} and {origin.folder} to train it again'
            )


def carry_out(
    runs: Sequence[Run], tools: str | Path, interval: int = 5
) -> list[Run]:
    """Train and measure what is not done yet, one after the other.

    Args:
        runs: Starts first.
        tools: The folder with ``train.py``, ``test.py`` and
            ``analysis_tools``.
        interval: Of the images that are measured again.

    Returns:
        The runs that failed; they are remembered as failed.
    """
    failed = []
    for run in runs:
        if run.done:
            print_log(f'row {run.name}: done before', logger='current')
            continue
        try:
            run.write_state(failed=None)
            train(run, Path(tools))
            if run.row.stage:
                continue
            figures = measure(run, Path(tools), interval)
            write_json(result_data(run, figures, interval), run.result)
        except FailedRun as error:
            run.write_state(failed=str(error))
            failed.append(run)
            print_log(
                f'row {run.name} failed: {error}',
                logger='current',
                level=logging.ERROR,
            )
    return failed


def train(run: Run, tools: Path) -> None:
    """Train, from the newest checkpoint on if there is one.

    A row with a start goes on from the checkpoint of another; one that comes
    after another begins with its weights, at iteration 0.

    Args:
        run: Its folder gets everything.
        tools: With ``train.py``.

    Raises:
        FailedRun: The training failed.
    """
    if run.trained:
        return
    resume = run.last_checkpoint() is not None
    start = None if resume else run.start
    if start is not None and not start.is_file():
        raise FailedRun(f'there is no {start} to start from')
    config = write_config(run, resume, start)
    log = run.folder / 'train.log'
    command: list[object] = [tools / 'train.py', config]
    command += ['--work-dir', run.folder]
    if resume or (start is not None and run.row.start is not None):
        command.append('--resume')
    print_log(f'row {run.name}: training, see {log}', logger='current')
    try:
        memory_mb = launch(command, log)
    except FailedRun as error:
        run.note_memory(error.memory_mb)
        raise
    run.note_memory(memory_mb)
    run.write_state(trained=True)


def result_data(run: Run, figures: Figures, interval: int) -> dict:
    """What is kept of a run, of plain types."""
    row = run.row
    return dict(
        row=row.name,
        seed=run.seed,
        config=row.config,
        options=row.options,
        remove_hooks=row.remove_hooks,
        add_hooks=row.add_hooks,
        start=vars(row.start) if row.start else None,
        after=row.after,
        interval=interval,
        config_hash=run.fingerprint,
        date=datetime.date.today().isoformat(),
        machine=describe_machine(),
        versions=describe_versions(),
        figures=figures,
    )
