"""Scripts that do the work of a run, each in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# of ru_maxrss, which is in bytes on macOS and in KiB elsewhere
UNITS_PER_MB = 2**20 if sys.platform == 'darwin' else 2**10


class FailedRun(RuntimeError):
    """A training or measurement that ended with an error."""


def launch(
    command: Sequence[object],
    log: Path,
    note_memory: Callable[[float | None], None] | None = None,
) -> None:
    """Run a Python script and append its output to a log.

    Args:
        command: The script and its arguments.
        log: A text file.
        note_memory: Called with the peak memory of the process, in MB,
            whether the script succeeded or failed.

    Raises:
        FailedRun: The script ended with an error, or another process is
            still writing to the log.
    """
    with log.open('a', encoding='utf-8') as file:
        _lock(file)
        code, memory_mb = run_process(
            [sys.executable, *map(str, command)], file
        )
    if note_memory is not None:
        note_memory(memory_mb)
    if code:
        raise FailedRun(f'exit code {code}, see {log}')


def run_process(
    command: Sequence[str], output: IO[str]
) -> tuple[int, float | None]:
    """Run a command to its end; kill it if the caller is interrupted.

    Args:
        command: The program and its arguments.
        output: File for everything that it prints.

    Returns:
        The exit code, negative for a signal, and the peak of its resident
        memory in MB (2**20 bytes), ``None`` where the system does not tell.
        On Linux this is at least what the caller held at the start.
    """
    with subprocess.Popen(
        command, stdout=output, stderr=subprocess.STDOUT
    ) as process:
        try:
            return _wait(process)
        except BaseException:  # as subprocess.run does
            process.kill()
            raise


def _wait(process: subprocess.Popen) -> tuple[int, float | None]:
    if not hasattr(os, 'wait4'):  # Windows
        return process.wait(), None
    # getrusage would give the largest of all processes so far
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / UNITS_PER_MB


def _lock(file: IO[str]) -> None:
    """Lock a log for as long as the script that writes to it lives.

    The script inherits the open file and its lock: a training that outlives
    its command is not started a second time.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise FailedRun(
            f'another process is writing {file.name}: wait for it or stop it'
        ) from error
