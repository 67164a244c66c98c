"""Scripts that do the work of a run, in processes of their own."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from mmengine.config import Config

from mmproto.evaluation.class_iou import count_classes

from .processes import run_process
from .runs import Run

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class FailedRun(RuntimeError):
    """A training or measurement ended with an error; says where to read.

    Args:
        message: What is wrong.
        memory_mb: Peak memory of the process until then, if known.
    """

    def __init__(self, message: str, memory_mb: float | None = None) -> None:
        super().__init__(message)
        self.memory_mb = memory_mb


def launch(command: Sequence[object], log: Path) -> float | None:
    """Run a Python script, and append what it says to a log.

    Args:
        command: The script and its arguments.
        log: A text file.

    Returns:
        Peak memory of its process in MB, ``None`` if unknown.

    Raises:
        FailedRun: It ended with an error, or an earlier one still runs.
    """
    with log.open('a', encoding='utf-8') as file:
        _lock(file)
        code, memory_mb = run_process(
            [sys.executable, *map(str, command)], file
        )
    if code:
        raise FailedRun(f'exit code {code}, see {log}', memory_mb)
    return memory_mb


def write_config(
    run: Run, resume: bool = False, start: Path | None = None
) -> Path:
    """Write the complete config of a run into its folder.

    Args:
        run: Whose.
        resume: Whether the run goes on from its own checkpoint: mmengine
            would prefer one that the config names.
        start: Checkpoint of another row to go on from, or to begin with.
    """
    config = Config(run.config)
    config.test_evaluator = count_classes(config.get('test_evaluator'))
    if resume:
        config.load_from = None
    elif start is not None:
        config.load_from = str(start)
    path = run.folder / 'config.py'
    config.dump(path)
    return path


def _lock(file: IO[str]) -> None:
    """Lock a log, for as long as the script that writes to it lives.

    The script inherits the open file and the lock with it: a training that
    outlived its command is not started a second time.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise FailedRun(
            f'another process is writing {file.name}: wait for it or stop it'
        ) from error
