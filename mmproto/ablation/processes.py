"""A process, and the memory that it needed."""

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import IO

# of ru_maxrss, which is in bytes on macOS and in KiB elsewhere
UNITS_PER_MB = 2**20 if sys.platform == 'darwin' else 2**10


def run_process(
    command: Sequence[str], output: IO[str]
) -> tuple[int, float | None]:
    """Run a command to its end; it dies with an interrupted caller.

    Args:
        command: The program and its arguments.
        output: A file that gets all that it prints.

    Returns:
        The exit code, negative for a signal, and the peak of its resident
        memory in MB (2**20 bytes), ``None`` where the system does not tell.
        On Linux that is at least what the caller held when it started it.
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
