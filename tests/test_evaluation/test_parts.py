from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.datasets import CityscapesDataset, PascalVOCDataset
from mmseg.registry import DATASETS, TRANSFORMS
from PIL import Image
from scipy.io import savemat

from mmproto.datasets import StreetToyDataset
from mmproto.datasets.street_scenes import PARTS, UNSEEN, draw_scene
from mmproto.datasets.street_scenes.writer import write_street_scenes
from mmproto.evaluation.part_loaders import (
    LoadPanopticParts,
    LoadPascalParts,
    LoadStreetToyParts,
)
from mmproto.evaluation.part_loaders.panoptic_parts import decode_uids
from mmproto.evaluation.part_loaders.panoptic_tables import TABLES
from mmproto.evaluation.part_loaders.pascal_tables import PARTS as PASCAL
from mmproto.evaluation.parts import build_part_loader

SIZE = (64, 128)


def write_image(path, size=(4, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(path)
    return str(path)


# --- universal ids ------------------------------------------------------


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


# --- Panoptic-Parts -----------------------------------------------------


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


# --- Pascal-Part --------------------------------------------------------


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


# --- the drawn scenes ---------------------------------------------------


@pytest.fixture(scope='module')
def street(tmp_path_factory):
    out = tmp_path_factory.mktemp('parts') / 'toy'
    write_street_scenes(out, 1, 1, seed=3, size=SIZE, num_unseen=1)
    return out


def street_paths(root, split='train'):
    name = f'{split}/toytown/toytown_000000_000000'
    return (
        f'{root}/leftImg8bit/{name}_leftImg8bit.png',
        f'{root}/gtFine/{name}_gtFine_labelTrainIds.png',
    )


def test_drawn_parts_are_those_of_the_scene(street):
    scene = draw_scene(3, 0, 0, SIZE)
    loader = LoadStreetToyParts(StreetToyDataset.METAINFO['classes'])
    labels = loader.load(*street_paths(street))
    np.testing.assert_array_equal(labels.parts.numpy(), scene.part_ids)
    counted = scene.instance_ids >= 1000
    np.testing.assert_array_equal(
        labels.instances.numpy(), scene.instance_ids * counted
    )
    for part in PARTS:
        name = f'{part.class_name}/{part.kind}'
        assert loader.part_names[part.id] == name
    # The class that the table says is the label of the pixel.
    classes = loader.part_classes[labels.parts].numpy()
    np.testing.assert_array_equal(classes, scene.train_ids)


def test_unseen_objects_have_no_part(street):
    paths = street_paths(street, 'unseen')
    labels = LoadStreetToyParts().load(*paths)
    deer = np.array(Image.open(paths[1])) == UNSEEN
    assert deer.any()
    np.testing.assert_array_equal(labels.parts.numpy() == 0, deer)


def test_images_without_a_label_mask_have_no_parts(street):
    assert LoadStreetToyParts().load(street_paths(street)[0]) is None


def test_wrong_part_masks_are_named(street, tmp_path):
    image, seg_map = street_paths(street)
    name = Path(seg_map).name
    path = tmp_path / name.replace('labelTrainIds', 'partIds')
    wrong = np.zeros((*SIZE, 3), np.uint8), np.full(SIZE, 99, np.uint8)
    for ids, words in zip(wrong, ('3 axes of uint8', 'found the part id 99')):
        Image.fromarray(ids).save(path)
        with pytest.raises(ValueError, match=f'partIds.png: .*{words}'):
            LoadStreetToyParts().load(image, str(tmp_path / name))


def test_a_class_that_the_data_set_lacks_has_no_index():
    loader = LoadStreetToyParts(('car', 'tree'))
    classes = dict(zip(loader.part_names, loader.part_classes.tolist()))
    assert classes['car/wheel'] == 0
    assert classes['bus/wheel'] == classes['none'] == -1
    with pytest.raises(ValueError, match="has the classes \\['tree'\\]"):
        LoadStreetToyParts(('tree',))


# --- building and pipelines ---------------------------------------------


def test_the_data_set_names_its_loader(street, tmp_path):
    init_default_scope('mmseg')
    dataset = DATASETS.build(
        dict(
            type='mmproto.StreetToyDataset',
            data_root=str(street),
            data_prefix=dict(img_path='leftImg8bit/val'),
        )
    )
    torch.save({'dataset_meta': dataset.metainfo}, tmp_path / 'meta.pth')
    meta = torch.load(tmp_path / 'meta.pth', weights_only=True)
    meta = meta['dataset_meta']
    loader = build_part_loader(meta['part_loader'], meta['classes'])
    assert isinstance(loader, LoadStreetToyParts)
    assert loader.part_classes.max() == len(meta['classes']) - 1


def test_a_transform_that_loads_no_parts_is_refused():
    @TRANSFORMS.register_module(force=True)
    class NoPartLoader:
        def __init__(self, class_names):
            pass

    with pytest.raises(ValueError, match="'NoPartLoader' is no loader"):
        build_part_loader({'type': 'NoPartLoader'}, ('car',))


def pipeline_sample(street, split, *transforms):
    init_default_scope('mmseg')
    keys = ('gt_part_map', 'gt_part_instances')
    dataset = DATASETS.build(
        dict(
            type='mmproto.StreetToyDataset',
            data_root=str(street),
            data_prefix=dict(
                img_path=f'leftImg8bit/{split}', seg_map_path=f'gtFine/{split}'
            ),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                dict(type='mmproto.LoadStreetToyParts'),
                *transforms,
                dict(type='PackSegInputs', meta_keys=keys),
            ],
        )
    )
    sample = dataset[0]['data_samples']
    labels = sample.gt_sem_seg.data[0].numpy()
    return labels, *(sample.metainfo[key] for key in keys)


def test_parts_follow_the_label_map_through_a_pipeline(street):
    labels, parts, instances = pipeline_sample(
        street,
        'train',
        dict(type='Resize', scale=(256, 128)),
        dict(type='RandomCrop', crop_size=(90, 200)),
        dict(type='RandomFlip', prob=1.0),
    )
    assert labels.shape == parts.shape == instances.shape == (90, 200)
    assert parts.dtype == instances.dtype == np.int32
    classes = LoadStreetToyParts(StreetToyDataset.METAINFO['classes'])
    np.testing.assert_array_equal(classes.part_classes[parts], labels)
    countable = [6, 7, 8, 9, 10]
    np.testing.assert_array_equal(instances > 0, np.isin(labels, countable))


def test_a_pipeline_gets_zeros_where_there_are_no_parts(street):
    for path in street.glob('gtFine/val/*/*partIds.png'):
        path.rename(path.with_name('other_partIds.png'))
    labels, parts, instances = pipeline_sample(street, 'val')
    assert parts.shape == instances.shape == labels.shape == SIZE
    assert not parts.any() and not instances.any()


def test_a_pipeline_in_the_wrong_order_is_refused(street):
    image, seg_map = street_paths(street)
    results = {'img_path': image, 'seg_map_path': seg_map}
    with pytest.raises(ValueError, match='put it after LoadAnnotations'):
        LoadStreetToyParts().transform(results)
    results['gt_seg_map'] = np.zeros((128, 256), np.uint8)
    with pytest.raises(ValueError, match='put it directly after'):
        LoadStreetToyParts().transform(results)
