import sys

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

PIPELINE = [{'type': 'LoadImageFromFile'}, {'type': 'LoadAnnotations'}]


def build(**kwargs):
    init_default_scope('mmseg')
    return DATASETS.build(dict(type='mmproto.Cityscapes30Dataset', **kwargs))


@pytest.fixture
def labels():
    module = pytest.importorskip('cityscapesscripts.helpers.labels')
    return module.labels


def test_exactly_thirty_classes(labels):
    info = build(lazy_init=True).metainfo
    assert len(info['classes']) == len(info['palette']) == 30
    left_out = {label.name for label in labels} - set(info['classes'])
    assert left_out == {
        'unlabeled', 'ego vehicle', 'rectification border', 'out of roi',
        'license plate',
    }  # fmt: skip
    colours = {label.name: list(label.color) for label in labels}
    for name, colour in zip(info['classes'], info['palette']):
        assert colour == colours[name]


@pytest.fixture
def folder(tmp_path):
    """Write one image whose mask holds the ids 0-33 and 255."""
    (tmp_path / 'img').mkdir()
    (tmp_path / 'ann').mkdir()
    mask = np.append(np.arange(34), 255).astype(np.uint8).reshape(5, 7)
    image = np.zeros((5, 7, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'img/a_leftImg8bit.png'), image)
    cv2.imwrite(str(tmp_path / 'ann/a_gtFine_labelIds.png'), mask)
    return tmp_path


@pytest.mark.parametrize('classes', [None, ('ground', 'car', 'road')])
def test_masks_are_mapped(labels, folder, classes):
    metainfo = {'classes': classes} if classes else None
    dataset = build(
        data_root=str(folder),
        data_prefix={'img_path': 'img', 'seg_map_path': 'ann'},
        metainfo=metainfo,
        pipeline=PIPELINE,
    )
    names = dataset.metainfo['classes']
    mapped = dataset[0]['gt_seg_map'].ravel()
    assert mapped[-1] == 255
    for label in labels:
        if label.id < 0:
            continue
        found = mapped[label.id]
        if label.name in names:
            assert names[found] == label.name
        else:
            assert found == 255
    if classes:
        assert dataset.metainfo['palette'] == [
            [81, 0, 81], [0, 0, 142], [128, 64, 128],
        ]  # fmt: skip


def test_an_unknown_class_is_refused(labels):
    with pytest.raises(ValueError, match="'unicorn'"):
        build(lazy_init=True, metainfo={'classes': ('road', 'unicorn')})


def test_without_the_scripts_one_sentence_says_what_to_install(monkeypatch):
    for name in ('cityscapesscripts.helpers.labels', 'cityscapesscripts'):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match='pip install cityscapesscripts'):
        build(lazy_init=True)
