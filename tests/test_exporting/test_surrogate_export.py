"""Exports of a surrogate keep what is known about it."""

import json

import onnx
import pytest
import torch
from surrogates import LINE, RECORD

import mmproto
from mmproto.exporting import export_onnx, save_safetensors
from mmproto.models.facts import ModelFacts


@pytest.mark.smoke
def test_safetensors(surrogate, tmp_path, image):
    save_safetensors(surrogate, tmp_path / 'a.safetensors')
    loaded = mmproto.load_safetensors(tmp_path / 'a.safetensors')
    assert (
        ModelFacts.of(loaded).surrogate == ModelFacts.of(surrogate).surrogate
    )
    expected = mmproto.explain(surrogate, image, (40, 50))
    found = mmproto.explain(loaded, image, (40, 50))
    assert (found.black_box == expected.black_box).all()
    assert found.sentence() == expected.sentence()
    assert loaded.dataset_meta['surrogate'] == RECORD


def test_onnx_has_the_concept_model_alone(surrogate, tmp_path):
    assert export_onnx(surrogate, tmp_path / 'a.onnx') < 1e-4
    file = onnx.load(tmp_path / 'a.onnx')
    said = {each.key: each.value for each in file.metadata_props}
    assert json.loads(said['surrogate'])['sentence'] == LINE
    names = {each.name for each in file.graph.initializer}
    assert names and not any('black_box' in name for name in names)
    sizes = {tuple(each.dims) for each in file.graph.initializer if each.dims}
    kernel = surrogate.black_box.decode_head.convs[0].conv.weight
    assert tuple(kernel.shape) not in sizes
    assert isinstance(kernel, torch.nn.Parameter)


def test_others_say_nothing_of_it(projected, tmp_path):
    export_onnx(projected, tmp_path / 'a.onnx')
    save_safetensors(projected, tmp_path / 'a.safetensors')
    said = {e.key for e in onnx.load(tmp_path / 'a.onnx').metadata_props}
    assert 'classes' in said and 'surrogate' not in said
    content = (tmp_path / 'a.safetensors').read_bytes()
    assert b'classes' in content and b'surrogate' not in content
