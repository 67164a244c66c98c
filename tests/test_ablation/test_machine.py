"""What is said of the machine."""

import os
from importlib import metadata

import pytest
import torch

from mmproto.ablation import machine


def test_machine(tmp_path, monkeypatch):
    info = tmp_path / 'cpuinfo'
    info.write_text('processor\t: 0\nmodel name\t: Fast: 3\n\nmodel name: no')
    monkeypatch.setattr(machine, 'CPU_INFO', info)
    found = machine.describe_machine()
    assert found['cpu'] == 'Fast: 3'
    assert found['cores'] == os.cpu_count()
    assert found['threads'] == torch.get_num_threads()
    assert ('gpu' in found) == torch.cuda.is_available()


@pytest.mark.parametrize('text', [None, 'processor : 0'])
def test_machines_that_hide_their_name(tmp_path, monkeypatch, text):
    info = tmp_path / 'cpuinfo'
    if text is not None:
        info.write_text(text)
    monkeypatch.setattr(machine, 'CPU_INFO', info)
    monkeypatch.setattr('platform.processor', lambda: '')
    monkeypatch.setattr('platform.machine', lambda: 'riscv64')
    assert machine.describe_machine()['cpu'] == 'riscv64'


def test_versions():
    found = machine.describe_versions()
    assert found['torch'] == metadata.version('torch')
    assert {'mmengine', 'onedl-mmengine'} & set(found)
