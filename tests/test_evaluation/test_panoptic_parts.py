"""Part labels of Cityscapes- and PASCAL-Panoptic-Parts."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmseg.datasets import CityscapesDataset
from part_files import write_image
from PIL import Image

from mmproto.evaluation.part_loaders import (
    LoadPanopticParts,
)
from mmproto.evaluation.part_loaders.panoptic_parts import decode_uids
from mmproto.evaluation.part_loaders.panoptic_tables import TABLES


def slow_decode(uid):
    """Class, instance and part by the digits of the decimal number."""
    digits = str(uid)
    if len(digits) <= 2:
        return int(digits), -1, -1
    if len(digits) in (4, 5):
        return int(digits[:-3]), int(digits[-3:]), -1
    assert len(digits) in (6, 7)
    return int(digits[:-5]), int(digits[-5:-2]), int(digits[-2:])


def random_uids(rng, table, number):
    """Ids of all lengths, with parts only where the table has them."""
    uids = []
    for _ in range(number):
        class_id, groups = list(table.values())[rng.integers(len(table))]
        parts = [0, *(i for ids in groups.values() for i in ids)]
        instance, part = rng.integers(1000), rng.choice(parts)
        uids += [
            rng.integers(100),
            rng.integers(1, 100) * 1000 + instance,
            class_id * 100_000 + instance * 100 + part,
        ]
    return rng.permutation(uids).astype(np.int32)


def test_the_examples_of_the_documented_format():
    uids = np.array([[23, 26, 26002, 2401002], [2401000, 1, 1234, 123456]])
    classes, instances, parts = decode_uids(uids.astype(np.int32))
    assert classes.tolist() == [[23, 26, 26, 24], [24, 1, 1, 1]]
    assert instances.tolist() == [[-1, -1, 2, 10], [10, -1, 234, 234]]
    assert parts.tolist() == [[-1, -1, -1, 2], [0, -1, -1, 56]]


def test_ids_are_taken_apart_by_their_digits():
    rng = np.random.default_rng(0)
    uids = random_uids(rng, TABLES['pascal'], 500)
    expected = np.array([slow_decode(int(uid)) for uid in uids]).T
    np.testing.assert_array_equal(decode_uids(uids), expected)


@pytest.mark.parametrize('uid', [-1, 100, 999, 10_000_000])
def test_numbers_that_are_no_ids_are_refused(uid):
    with pytest.raises(ValueError, match=rf'found \[{uid}\]'):
        decode_uids(np.array([7, uid], np.int32))


def panoptic_files(root, uids, layout='cityscapes', dtype=np.int32):
    """Image and TIFF; path of the image."""
    image, label = {
        'cityscapes': (
            'leftImg8bit/val/ulm/ulm_1_leftImg8bit.png',
            'gtFinePanopticParts/val/ulm/ulm_1_gtFinePanopticParts.tif',
        ),
        'pascal': ('JPEGImages/2008_1.jpg', 'labels/2008_1.tif'),
    }[layout]
    (root / label).parent.mkdir(parents=True)
    Image.fromarray(uids.astype(dtype)).save(root / label)
    return write_image(root / image, uids.shape)


def slow_panoptic(uids, table, loader):
    """Name of the part and decimal digits of the object of every pixel."""
    names, objects = [], []
    for uid in uids.ravel():
        class_id, instance, part = slow_decode(int(uid))
        name = 'none'
        for owner, (number, groups) in table.items():
            for kind, ids in groups.items():
                if number == class_id and part in ids:
                    name = f'{owner}/{kind}'
        names.append(loader.part_names.index(name))
        objects.append((class_id, instance) if instance >= 0 else None)
    return np.reshape(names, uids.shape), objects


@pytest.mark.parametrize('layout', ['cityscapes', 'pascal'])
def test_panoptic_parts_as_a_slow_reader_reads_them(tmp_path, layout):
    rng = np.random.default_rng(1)
    table = TABLES[layout]
    uids = random_uids(rng, table, 64).reshape(12, 16)
    uids[0, 0] = 12_000_00 if layout == 'pascal' else 28_000_00  # first one
    loader = LoadPanopticParts(layout)
    labels = loader.load(panoptic_files(tmp_path, uids, layout))
    parts, objects = slow_panoptic(uids, table, loader)
    np.testing.assert_array_equal(labels.parts.numpy(), parts)
    assert labels.parts.dtype == labels.instances.dtype == torch.int64
    numbers = labels.instances.flatten().tolist()
    assert {n == 0 for n, o in zip(numbers, objects) if o is None} == {True}
    pairs = {(n, o) for n, o in zip(numbers, objects) if o is not None}
    assert len(pairs) == len(dict(pairs)) == len({o for _, o in pairs})
    assert 0 not in dict(pairs)


def test_the_table_of_cityscapes():
    loader = LoadPanopticParts(
        class_names=CityscapesDataset.METAINFO['classes']
    )
    assert len(loader.part_names) == 1 + 2 * 4 + 3 * 5
    assert loader.part_names[:5] == (
        'none', 'person/torso', 'person/head', 'person/arms', 'person/legs',
    )  # fmt: skip
    assert loader.part_names[9:14] == (
        'car/windows', 'car/wheels', 'car/lights', 'car/license plate',
        'car/chassis',
    )  # fmt: skip
    owners = [11] * 4 + [12] * 4 + [13] * 5 + [14] * 5 + [15] * 5
    assert loader.part_classes.tolist() == [-1, *owners]


def test_the_classes_of_any_data_set_are_found_by_name():
    pytest.importorskip('cityscapesscripts')
    from mmproto.datasets import Cityscapes30Dataset

    classes = Cityscapes30Dataset._load_metainfo()['classes']
    for names in (classes, ('sky', 'bus', 'person')):
        loader = LoadPanopticParts(class_names=names)
        for name, index in zip(loader.part_names, loader.part_classes):
            owner = name.partition('/')[0]
            found = names.index(owner) if owner in names else -1
            assert index == found


@pytest.mark.parametrize(
    ('layout', 'class_id', 'part', 'name'),
    [
        # aeroplane: body, stern, two wings, tail, ten engines, ten wheels
        ('pascal', 1, 4, 'aeroplane/wing'),
        ('pascal', 1, 15, 'aeroplane/engine'),
        ('pascal', 1, 16, 'aeroplane/wheel'),
        ('pascal', 7, 9, 'car/license plate'),
        ('pascal', 7, 19, 'car/body'),
        ('pascal', 7, 59, 'car/window'),
        ('pascal', 15, 17, 'person/upper arm'),
        ('pascal', 20, 2, 'tvmonitor/frame'),
        ('cityscapes', 25, 4, 'rider/legs'),
        ('cityscapes', 25, 5, 'none'),  # a documented slip
        ('cityscapes', 28, 5, 'bus/chassis'),
    ],
)
def test_rows_of_part_ids(tmp_path, layout, class_id, part, name):
    uids = np.full((2, 2), class_id * 100_000 + 300 + part)
    loader = LoadPanopticParts(layout)
    labels = loader.load(panoptic_files(tmp_path, uids, layout))
    assert loader.part_names[labels.parts[0, 0]] == name


def test_no_pascal_part_belongs_to_two_groups():
    for owner, (_, groups) in TABLES['pascal'].items():
        ids = [i for group in groups.values() for i in group]
        assert sorted(ids) == list(range(1, len(ids) + 1)), owner


@pytest.mark.parametrize(
    ('uids', 'dtype', 'words'),
    [
        ([[24, 26]], np.uint8, '8-bit ids'),
        ([[24, 26002]], np.uint16, '16-bit ids'),
        ([[24, 26002]], np.float32, 'of float32'),
        ([[24, 2600106]], np.int32, r'the ids \[2600106\]'),
        ([[24, 500]], np.int32, r'tif: found \[500\]'),
    ],
)
def test_wrong_tiffs_are_named(tmp_path, uids, dtype, words):
    image = panoptic_files(tmp_path, np.array(uids), dtype=dtype)
    with pytest.raises(ValueError, match='ulm_1_gtFinePanopticParts') as info:
        LoadPanopticParts().load(image)
    info.match(words)


def test_labels_of_another_size_are_refused(tmp_path):
    image = panoptic_files(tmp_path, np.full((4, 6), 26))
    write_image(Path(image), (8, 12))
    with pytest.raises(ValueError, match=r'tif: found .* 4 x 6 .* 8 x 12'):
        LoadPanopticParts().load(image)


def test_an_image_without_labels_and_a_folder_without_any(tmp_path):
    image = panoptic_files(tmp_path, np.full((4, 6), 26))
    other = image.replace('ulm_1', 'ulm_2')
    assert LoadPanopticParts().load(other) is None
    with pytest.raises(FileNotFoundError, match='missing or holds no'):
        LoadPanopticParts(folder=str(tmp_path / 'none')).load(image)
    elsewhere = tmp_path / 'labels'
    (tmp_path / 'gtFinePanopticParts').rename(elsewhere)
    with pytest.raises(FileNotFoundError, match='/gtFinePanopticParts is'):
        LoadPanopticParts().load(image)
    assert LoadPanopticParts(folder=str(elsewhere)).load(image) is not None


def test_an_image_elsewhere_and_an_unknown_layout_are_refused():
    with pytest.raises(ValueError, match='/data/ulm_1.png; expected a name'):
        LoadPanopticParts().load('/data/ulm_1.png')
    with pytest.raises(ValueError, match="layout='coco'"):
        LoadPanopticParts('coco')
