"""Records of results, and what they say of the machine."""

import json
import os
from importlib import metadata

import pytest
import torch

from mmproto.ablation import results


def test_machine(tmp_path, monkeypatch):
    info = tmp_path / 'cpuinfo'
    info.write_text('processor\t: 0\nmodel name\t: Fast: 3\n\nmodel name: no')
    monkeypatch.setattr(results, 'CPU_INFO', info)
    found = results.describe_machine()
    assert found['cpu'] == 'Fast: 3'
    assert found['cores'] == os.cpu_count()
    assert found['threads'] == torch.get_num_threads()
    assert ('gpu' in found) == torch.cuda.is_available()


@pytest.mark.parametrize('text', [None, 'processor : 0'])
def test_machines_that_hide_their_name(tmp_path, monkeypatch, text):
    info = tmp_path / 'cpuinfo'
    if text is not None:
        info.write_text(text)
    monkeypatch.setattr(results, 'CPU_INFO', info)
    monkeypatch.setattr('platform.processor', lambda: '')
    monkeypatch.setattr('platform.machine', lambda: 'riscv64')
    assert results.describe_machine()['cpu'] == 'riscv64'


def test_versions():
    found = results.describe_versions()
    assert found['torch'] == metadata.version('torch')
    assert {'mmengine', 'onedl-mmengine'} & set(found)


@pytest.mark.parametrize(
    ('seeds', 'found'), [(None, {0: 1, 2: 3}), ([2, 7], {2: 3})]
)
def test_results_are_read(tmp_path, seeds, found):
    folder = tmp_path / 'results'
    folder.mkdir()
    # the last is of another row, whose name begins the same
    for row, seed, value in (('a', 2, 3), ('a', 0, 1), ('a_seed0', 1, 9)):
        data = dict(row=row, seed=seed, figures=value)
        (folder / f'{row}_seed{seed}.json').write_text(json.dumps(data))
    records = results.load_records(['a', 'b'], tmp_path, seeds)
    assert results.group_figures(records) == {'a': found}
    assert [record['seed'] for record in records] == list(found)
