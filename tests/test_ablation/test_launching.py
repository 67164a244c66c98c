"""Exit codes and memory of processes, compared with what they asked for."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmproto.ablation import launching
from mmproto.ablation.launching import launch, run_process

# takes so many MB, or what it has anyhow, and says what it took at most
TAKE = """
import re, sys
block = bytearray(b'x' * (int(sys.argv[1]) << 20))
status = open('/proc/self/status').read()
print(int(re.findall(r'VmHWM:\\s+(\\d+) kB', status)[0]) / 1024)
"""


def run(script, *args, log):
    with log.open('w') as file:
        return run_process([sys.executable, '-c', script, *args], file)


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='/proc')
def test_memory_is_that_of_each_process(tmp_path):
    # what this process holds counts as theirs: take more
    status = Path('/proc/self/status').read_text()
    own = int(status.split('VmHWM:')[1].split()[0]) // 1024
    found = []
    for megabytes in (own + 300, own + 100):
        log = tmp_path / 'log'
        code, memory = run(TAKE, str(megabytes), log=log)
        assert code == 0
        assert memory == pytest.approx(float(log.read_text()), rel=0.05)
        found.append(memory)
    assert found[0] > found[1] + 150  # not the largest so far


def test_endings(tmp_path):
    log = tmp_path / 'log'
    assert run('raise SystemExit(3)', log=log)[0] == 3
    died = 'import os; os.kill(os.getpid(), 9)'
    assert run(died, log=log)[0] == -signal.SIGKILL
    run('import sys; print(1); sys.stderr.write("two")', log=log)
    assert sorted(log.read_text().split()) == ['1', 'two']


def test_no_wait4(tmp_path, monkeypatch):
    monkeypatch.delattr(os, 'wait4')
    log = tmp_path / 'log'
    assert run('raise SystemExit(3)', log=log) == (3, None)


def test_interrupted_caller_takes_it_along(tmp_path, monkeypatch):
    started = []

    def interrupt(process):
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(launching, '_wait', interrupt)
    with pytest.raises(KeyboardInterrupt):
        run('import time; time.sleep(60)', log=tmp_path / 'log')
    assert isinstance(started[0], subprocess.Popen)
    assert started[0].poll() == -signal.SIGKILL


def test_processes_get_arguments_as_they_are(tmp_path):
    script, log = tmp_path / 'script.py', tmp_path / 'log'
    script.write_text('import sys; print(sys.argv[1:])')
    launch([script, 'a b', 3], log)
    assert log.read_text() == "['a b', '3']\n"
