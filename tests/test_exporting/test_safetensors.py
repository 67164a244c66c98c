"""Weights and config in one file, and back bit for bit."""

import ast
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.apis import inference_model, init_model
from safetensors.torch import save_file

import mmproto
from mmproto.exporting import save_safetensors


def header(path):
    """Read the JSON in front of the tensors, as the format says."""
    content = Path(path).read_bytes()
    (size,) = struct.unpack('<Q', content[:8])
    return json.loads(content[8 : 8 + size])


@pytest.mark.smoke
def test_round_trip(trained, run, tmp_path):
    cfg = Config.fromfile(trained[0])
    cfg.test_pipeline.insert(1, dict(type='Resize', scale=(48, 32)))
    cfg.test_pipeline.pop(2)  # no labels
    cfg.dump(trained[0])
    projected = run('project.py', *trained, '--topk', 2, '--device', 'cpu')[-1]
    path = run('export_safetensors.py', trained[0], projected)[-1]
    assert path == str(tmp_path / 'model_projected.safetensors')
    model = init_model(trained[0], projected, device='cpu')
    metadata = header(path)['__metadata__']
    said = {key: json.loads(metadata[key]) for key in model.dataset_meta}
    assert said['classes'] == ['road', 'wall', 'car', 'sign']
    assert said['palette'] == model.dataset_meta['palette']
    assert said['projection'] == model.dataset_meta['projection']
    config = ast.literal_eval(metadata['config'])
    assert config == model.cfg.to_dict()
    assert config['test_pipeline'][1]['scale'] == (48, 32)

    # nothing but the file is needed
    for other in tmp_path.glob('*.p*'):
        other.unlink()
    loaded = mmproto.load_safetensors(path)
    assert not loaded.training and loaded.dataset_meta['projection']
    expected, found = model.state_dict(), loaded.state_dict()
    assert list(expected) == list(found)
    for name, value in expected.items():
        assert value.dtype == found[name].dtype
        assert value.numpy().tobytes() == found[name].numpy().tobytes()
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    first, second = (inference_model(m, image) for m in (model, loaded))
    assert torch.equal(first.seg_logits.data, second.seg_logits.data)
    assert mmproto.explain(loaded, image, (3, 4)).sentence()


def test_every_bit_and_layout_comes_back(tiny_model, tmp_path):
    weight = tiny_model.decode_head.conv_seg.weight
    with torch.no_grad():
        weight[0, 0], weight[1, 0], weight[2, 0] = -0.0, torch.nan, 1e-42
    tiny_model.to(memory_format=torch.channels_last)
    assert not tiny_model.neck.conv.weight.is_contiguous()
    tiny_model.dataset_meta['palette'] = np.array([[1, 2, 3]] * 4)
    save_safetensors(tiny_model, tmp_path / 'new' / 'a.safetensors')
    loaded = mmproto.load_safetensors(tmp_path / 'new' / 'a.safetensors')
    assert loaded.dataset_meta['palette'] == [[1, 2, 3]] * 4
    for name, value in tiny_model.state_dict().items():
        other = loaded.state_dict()[name]
        assert value.numpy().tobytes() == other.numpy().tobytes(), name


def test_loading_runs_no_code(tiny_model, tmp_path):
    path, trap = tmp_path / 'a.safetensors', tmp_path / 'trap'
    tiny_model.cfg = Config(
        dict(
            tiny_model.cfg.to_dict(),
            custom_imports=dict(imports=['no_such_module']),
            note=f'{{{{ open({str(trap)!r}, "w") }}}}',
        )
    )
    save_safetensors(tiny_model, path)
    mmproto.load_safetensors(path)
    call = f'open({str(trap)!r}, "w")'
    for text in (call, f'dict(model={call})', f'{{"model": {call}}}', '{'):
        save_file(dict(a=torch.zeros(1)), path, dict(config=text))
        with pytest.raises(ValueError, match='is no model of'):
            mmproto.load_safetensors(path)
    assert not trap.exists()


def test_strange_files_are_refused(tiny_model, tmp_path):
    path = tmp_path / 'a.safetensors'
    with pytest.raises(FileNotFoundError, match='no file nowhere'):
        mmproto.load_safetensors('nowhere.safetensors')
    path.write_bytes(b'x' * 100)
    with pytest.raises(ValueError, match='is no model of'):
        mmproto.load_safetensors(path)
    save_file(dict(a=torch.zeros(1)), path)
    with pytest.raises(ValueError, match="is no model of .*'config'"):
        mmproto.load_safetensors(path)
    tiny_model.cfg.model.decode_head.num_concepts = 9
    save_safetensors(tiny_model, path)
    with pytest.raises(ValueError, match='(?s)is no model of .*size mismatch'):
        mmproto.load_safetensors(path)
    before = path.read_bytes()
    tiny_model.cfg.odd = float('inf')
    with pytest.raises(ValueError, match='more than plain types'):
        save_safetensors(tiny_model, path)
    tiny_model.cfg.pop('odd')
    tiny_model.dataset_meta['odd'] = {1, 2}
    with pytest.raises(ValueError, match='odd cannot be written as JSON'):
        save_safetensors(tiny_model, path)
    assert path.read_bytes() == before
