"""Part labels of Pascal-Part."""

import numpy as np
import pytest
from mmseg.datasets import PascalVOCDataset
from part_files import write_image
from scipy.io import savemat

from mmproto.evaluation.part_loaders import (
    LoadPascalParts,
)
from mmproto.evaluation.part_loaders.pascal_tables import PARTS as PASCAL


def pascal_files(root, objects, size=(4, 6)):
    """Image and .mat file of (class, mask, [(part, mask), ...])."""
    structs = np.zeros((1, len(objects)), [
        ('class', object), ('class_ind', object), ('mask', object),
        ('parts', object),
    ])  # fmt: skip
    for item, (owner, mask, parts) in zip(structs[0], objects):
        pieces = np.zeros(
            (1, len(parts)) if parts else (0, 0),
            [('part_name', object), ('mask', object)],
        )
        for piece, (name, part_mask) in zip(pieces.ravel(), parts):
            piece['part_name'], piece['mask'] = name, part_mask
        item['class'], item['class_ind'] = owner, 1.0
        item['mask'], item['parts'] = mask, pieces
    path = root / 'Annotations_Part' / '2008_1.mat'
    path.parent.mkdir(exist_ok=True)
    anno = {'imname': '2008_1', 'objects': structs}
    savemat(path, {'anno': anno}, do_compression=True)
    return write_image(root / 'JPEGImages' / '2008_1.jpg', size)


def mask(text):
    return np.array([[c == 'x' for c in r] for r in text.split()], np.uint8)


CAR = mask('xxxx.. xxxx.. ...... ......')
CAT = mask('...xx. ...xx. ...xx. ......')
OBJECTS = [
    ('car', CAR, [
        ('wheel_1', mask('...... x..... ...... ......')),
        ('wheel_2', mask('...... ..x... ...... ......')),
        ('leftside', mask('x..x.. ...x.. ...... ......')),
    ]),
    ('chair', mask('...... ...... ...... xxxxxx'), []),
    ('cat', CAT, [
        ('head', mask('...xx. ...... ...... ......')),
        ('reye', mask('....x. ...... ...... ......')),
    ]),
]  # fmt: skip


@pytest.mark.parametrize('merge', [True, False])
def test_pascal_parts_are_painted_in_the_order_of_the_file(tmp_path, merge):
    loader = LoadPascalParts(merge_sides=merge)
    labels = loader.load(pascal_files(tmp_path, OBJECTS))
    names = np.array(loader.part_names)[labels.parts.numpy()]
    expected = np.full((4, 6), 'none', object)
    side, eye, wheel = 'side', 'eye', ('wheel', 'wheel')
    if not merge:
        side, eye, wheel = 'leftside', 'reye', ('wheel_1', 'wheel_2')
    expected[0, 0] = f'car/{side}'
    expected[1, 0], expected[1, 2] = (f'car/{name}' for name in wheel)
    expected[0, 3], expected[0, 4] = 'cat/head', f'cat/{eye}'
    np.testing.assert_array_equal(names, expected)
    assert labels.instances.tolist() == [
        [1, 1, 1, 3, 3, 0],
        [1, 1, 1, 3, 3, 0],
        [0, 0, 0, 3, 3, 0],
        [2, 2, 2, 2, 2, 2],
    ]


def test_the_table_of_pascal_part():
    classes = PascalVOCDataset.METAINFO['classes']
    loader = LoadPascalParts(class_names=classes)
    owners = [name.partition('/')[0] for name in loader.part_names[1:]]
    assert set(owners) == set(PASCAL) <= set(classes)
    assert loader.part_classes[1:].tolist() == [
        classes.index(owner) for owner in owners
    ]
    person = [n for n in loader.part_names if n.startswith('person/')]
    assert [name[7:] for name in person] == [
        'head', 'eye', 'ear', 'ebrow', 'nose', 'mouth', 'hair', 'torso',
        'neck', 'larm', 'uarm', 'hand', 'lleg', 'uleg', 'foot',
    ]  # fmt: skip
    for kind in ('side', 'mirror', 'frontside', 'wheel', 'window'):
        assert f'bus/{kind}' in loader.part_names
    single = LoadPascalParts(merge_sides=False).part_names
    assert len(set(single)) == len(single) == 385
    assert {'bus/window_20', 'train/cleftside_10', 'cow/rhorn'} < set(single)


@pytest.mark.parametrize(
    ('objects', 'words'),
    [
        ([('car', CAR, [('leg', CAR)])], "the part 'leg' of 'car'"),
        ([('chair', CAR, [('leg', CAR)])], "the part 'leg' of 'chair'"),
        ([('car', CAR, [('door_1', CAR[:2])])], r'masks of \(4, 6\) and'),
        ([('car', CAR[:3], [])], '3 x 6 pixels; expected 4 x 6'),
        ([], 'no annotation of Pascal-Part'),
    ],
)
def test_wrong_mat_files_are_named(tmp_path, objects, words):
    image = pascal_files(tmp_path, objects)
    with pytest.raises(ValueError, match='2008_1.mat: ') as info:
        LoadPascalParts().load(image)
    info.match(words)


@pytest.mark.parametrize('content', [b'', b'no MATLAB file ' * 20])
def test_what_is_no_mat_file_is_named(tmp_path, content):
    image = pascal_files(tmp_path, OBJECTS)
    (tmp_path / 'Annotations_Part/2008_1.mat').write_bytes(content)
    with pytest.raises(ValueError, match='2008_1.mat: found no annotation'):
        LoadPascalParts().load(image)


def test_a_mat_file_without_the_variable_is_named(tmp_path):
    image = pascal_files(tmp_path, OBJECTS)
    savemat(tmp_path / 'Annotations_Part/2008_1.mat', {'other': 1})
    with pytest.raises(ValueError, match='2008_1.mat: found no annotation'):
        LoadPascalParts().load(image)
