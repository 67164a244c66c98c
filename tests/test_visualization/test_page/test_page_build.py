"""Files of pages, and what is said when there cannot be one."""

import base64
import hashlib
import json
import re
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmproto.models.facts import ModelFacts
from mmproto.visualization.page import build
from mmproto.visualization.page.encode import pack, quantise
from mmproto.visualization.page.patches import default_mode
from mmproto.visualization.page.receptive import theoretical_fields


def unpack(text: str) -> tuple[dict, dict[str, np.ndarray]]:
    """Undo :func:`pack`, as the page does."""
    blob = zlib.decompress(base64.b64decode(text))
    start = 4 + int.from_bytes(blob[:4], 'little')
    info = json.loads(blob[4:start])
    arrays = {}
    for name, entry in info.pop('arrays').items():
        kind = np.dtype(entry['type']).newbyteorder('<')
        first = start + entry['offset']
        flat = np.frombuffer(blob[first : first + entry['bytes']], np.uint8)
        raw = flat.reshape(kind.itemsize, -1).T.tobytes()
        arrays[name] = np.frombuffer(raw, kind).reshape(entry['shape'])
    return info, arrays


def payload(path):
    """What the page holds."""
    text = path.read_text()
    return unpack(re.search(r'id="payload">([^<]*)<', text)[1])


def test_numbers_survive():
    rng = np.random.default_rng(0)
    arrays = dict(
        a=rng.normal(size=(3, 5)).astype(np.float32),
        b=np.arange(7, dtype=np.uint16),
        none=np.zeros(0, np.uint8),
    )
    info, again = unpack(pack(dict(name='ü"</script>'), arrays))
    assert info == dict(name='ü"</script>')
    for name, array in arrays.items():
        assert again[name].dtype == array.dtype
        np.testing.assert_array_equal(again[name], array)
    with pytest.raises(ValueError, match='float64'):
        pack({}, dict(a=np.zeros(2)))


def test_rounding_stays_within_half_a_step():
    maps = np.random.default_rng(0).normal(size=(4, 100)).astype(np.float32)
    maps[2] = 0.5  # a constant map
    rounded, step = quantise(maps)
    levels = rounded['activations'].astype(np.float32)
    again = rounded['lowest'][:, None] + rounded['step'][:, None] * levels
    assert np.abs(again - maps).max() <= 0.51 * step


def test_page_holds_what_it_says(save, projected, image):
    info, arrays = payload(save(point=(3, 4)))
    used = projected.decode_head.class_weights.any(dim=0).nonzero()[:, 0]
    assert info['concepts'] == used.tolist() and info['point'] == [3, 4]
    assert arrays['weights'].shape == (4, len(used))
    assert arrays['labels'].shape == arrays['prediction'].shape == (64, 96)
    assert arrays['labels'][0, 0] == 65535  # void
    assert info['rounding'] == 0 and info['patch_mode'] == 'embed'
    assert all(len(p['patches']) == 6 for p in info['patches'])
    picture = cv2.imdecode(arrays['picture'], cv2.IMREAD_COLOR)
    assert picture.shape == (64, 96, 3)
    digest = hashlib.sha256(Path(image).read_bytes()).hexdigest()
    assert info['image']['sha256'] == digest


def test_policy_names_the_script_of_the_page(save):
    text = save().read_text()
    policy = re.search(r'Security-Policy" content="([^"]*)"', text)[1]
    policy = policy.replace('&#39;', "'")
    assert policy.startswith("default-src 'none'; img-src data: blob:")
    for tag in ('style', 'script'):
        body = re.search(rf'<{tag}>(.*?)</{tag}>', text, re.S)[1]
        digest = hashlib.sha256(body.encode()).digest()
        assert base64.b64encode(digest).decode() in policy
    assert 'http' not in text.replace('http-equiv', '').replace(
        'http://www.w3.org/2000/svg', ''
    )


def test_patches_as_links_or_not_at_all(save):
    for mode in ('link', 'none'):
        path = save(patches=mode)
        info, arrays = payload(path)
        patch = info['patches'][0]['patches'][0]
        assert len(patch['sha256']) == 64 and 'picture' not in patch
        assert len(arrays['patches']) == 0
        assert ('href' in patch) == (mode == 'link')
        if mode == 'link':
            assert (path.parent / patch['href']).is_file()
        assert 'SHA-256' in path.read_text()


def test_patches_of_restricted_data_are_links():
    for kind, mode in (
        ('CityscapesDataset', 'link'),
        ('mmproto.Cityscapes30Dataset', 'link'),
        ('mmproto.CamVidDataset', 'embed'),
    ):
        dataset = dict(type='RepeatDataset', dataset=dict(type=kind))
        cfg = Config(dict(train_dataloader=dict(dataset=dataset)))
        assert default_mode(cfg) == mode
    assert default_mode(Config()) == 'embed'


def test_large_pages_are_rounded_then_refused(save, monkeypatch):
    monkeypatch.setattr(build, 'GOAL', 1)
    path = save()
    info, arrays = payload(path)
    assert 'rounded to 16 bits' in path.read_text()
    assert arrays['activations'].dtype == np.uint16
    assert 0 < info['rounding'] < 1e-3
    assert all(len(p['patches']) == 1 for p in info['patches'])
    monkeypatch.setattr(build, 'LIMIT', 1000)
    with pytest.raises(ValueError, match='prune the classifier'):
        save()


def test_theoretical_field_of_the_tiny_model(projected):
    fields = theoretical_fields(ModelFacts.of(projected))
    assert len(fields) == 3 and fields[0] < fields[1] < fields[2]
    assert fields[1] - fields[0] == 2 * 8  # a cell has 8 pixels
    kind = type('SelfAttention', (torch.nn.Identity,), {})
    projected.backbone.add_module('extra', kind())
    assert theoretical_fields(ModelFacts.of(projected)) == [None] * 3


def test_without_a_record_there_is_a_note(save, projected):
    del projected.dataset_meta['projection']
    assert 'mmproto project' in save().read_text()


def test_nothing_is_written_if_one_picture_is_wrong(save, image, tmp_path):
    with pytest.raises(FileNotFoundError, match='gone.png'):
        save(images=[image, 'gone.png'])
    assert not (tmp_path / 'pages').exists()


def test_record_of_another_model(save, projected):
    projected.dataset_meta['projection']['prototypes'].pop()
    with pytest.raises(ValueError, match='15 prototypes'):
        save()


def test_user_mistakes(save, image, tmp_path):
    with pytest.raises(ValueError, match='end in .html'):
        save(images=[image, image], out=tmp_path / 'folder')
    with pytest.raises(ValueError, match='no picture'):
        save(images=[])
    with pytest.raises(ValueError, match='one of'):
        save(patches='steal')
    with pytest.raises(FileNotFoundError, match='no image'):
        save(images=['nowhere.png'])
    text = tmp_path / 'text.png'
    text.write_text('no image')
    with pytest.raises(ValueError, match='cannot be read'):
        save(images=[str(text)])
    with pytest.raises(ValueError, match='outside'):
        save(point=(96, 0))
    with pytest.raises(ValueError, match='2 label maps'):
        save(labels=['a', 'b'])
    with pytest.raises(FileNotFoundError, match='no label map'):
        save(labels=['nowhere.png'])
    with pytest.raises(ValueError, match='no label map'):
        save(labels=[str(text)])
    small = tmp_path / 'small.png'
    cv2.imwrite(str(small), np.zeros((10, 20), np.uint8))
    with pytest.raises(ValueError, match='10 x 20 pixels'):
        save(labels=[str(small)])
    assert not (tmp_path / 'pages').exists()
