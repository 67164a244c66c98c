"""Files and commands that convert public models."""

import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmseg.datasets import CityscapesDataset
from public_models import PublicHead, flat_features
from torch import nn

from mmproto.model_conversion import convert_file, convert_protoseg

TOOLS = Path(__file__).parents[2] / 'tools' / 'model_converters'


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a tool as a script; what it prints."""

    def call(tool, *arguments):
        arguments = [str(argument) for argument in arguments]
        monkeypatch.setattr(sys, 'argv', [tool, *arguments])
        runpy.run_path(str(TOOLS / tool), run_name='__main__')
        return capsys.readouterr().out

    return call


def save(path, public, **exported):
    state = {**flat_features(), **public.state}
    torch.save(dict(state_dict=state, **exported), path)


def test_protoseg_of_cityscapes(run, tmp_path):
    source, out = tmp_path / 'model.pth', tmp_path / 'folder' / 'out.pth'
    public = PublicHead(19, 1, 10)
    torch.save({**flat_features(), **public.state}, source)  # state dict alone
    printed = run('protoseg.py', source, out)
    assert f'190 of 190 prototypes in {out}' in printed
    checkpoint = torch.load(out, weights_only=True)
    meta = checkpoint['meta']['dataset_meta']
    assert meta['classes'] == CityscapesDataset.METAINFO['classes']
    assert meta['palette'] == CityscapesDataset.METAINFO['palette']
    expected = convert_protoseg({**flat_features(), **public.state})
    assert checkpoint['state_dict'].keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(checkpoint['state_dict'][name], value)


def test_pruned_scaleprotoseg_of_other_classes(run, tmp_path):
    source, out = tmp_path / 'model.pth', tmp_path / 'out.pth'
    public = PublicHead(4, 4, 2, groups=2, pruned=(3, 9))
    save(
        source,
        public,
        prototype_class_identity=public.identity,
        scale_num_prototypes=public.ranges,
    )
    options = ('--prototypes-per-class', 2)
    printed = run('scaleprotoseg.py', source, out, *options)
    assert '30 of 32 prototypes in' in printed
    checkpoint = torch.load(out, weights_only=True)
    assert checkpoint['meta'] == {}  # nobody says which classes they are
    kept = checkpoint['state_dict']['decode_head.prototype_layer.kept']
    # rows 3 and 9: class 1 at scale 0, class 0 at scale 1
    assert (~kept).nonzero().flatten().tolist() == [3, 9]


def test_refusals_leave_no_file(run, tmp_path):
    source, out = tmp_path / 'model.pth', tmp_path / 'folder' / 'out.pth'
    with pytest.raises(SystemExit, match='error: there is no checkpoint at'):
        run('protoseg.py', source, out)
    save(source, PublicHead(19, 1, 10, pruned=(7,)))
    with pytest.raises(SystemExit, match='has to be exported'):
        run('protoseg.py', source, out)
    with pytest.raises(SystemExit, match='the checkpoint itself'):
        run('protoseg.py', source, source)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    'content', [nn.Conv2d(1, 1, 1), [1], dict(state_dict=3), {'weight': 1}]
)
def test_files_without_state_dict_say_how_to_export(content, tmp_path):
    source = tmp_path / 'model.pth'
    torch.save(content, source)
    with pytest.raises(ValueError, match='export it where the public code'):
        convert_file(source, tmp_path / 'out.pth', convert_protoseg, 10)


@pytest.mark.parametrize('content', [b'', b'not a checkpoint'])
def test_other_files_say_how_to_export(content, tmp_path):
    source = tmp_path / 'model.pth'
    source.write_bytes(content)
    with pytest.raises(ValueError, match='is no file of tensors'):
        convert_file(source, tmp_path / 'out.pth', convert_protoseg, 10)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='model.pth'):
        convert_file(
            tmp_path / 'model.pth', tmp_path / 'out', convert_protoseg, 10
        )
    assert not list(tmp_path.iterdir())


def test_failed_write_leaves_the_old_file(monkeypatch, tmp_path):
    source, out = tmp_path / 'model.pth', tmp_path / 'out.pth'
    save(source, PublicHead(3, 1, 10))
    out.write_text('old')

    def full(content, path):
        Path(path).write_bytes(b'half')
        raise OSError('no space left')

    monkeypatch.setattr(torch, 'save', full)
    with pytest.raises(OSError, match='no space'):
        convert_file(source, out, convert_protoseg, 10)
    assert out.read_text() == 'old'
    assert sorted(tmp_path.iterdir()) == [source, out]
