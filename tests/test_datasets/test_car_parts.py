import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS, TRANSFORMS

from mmproto.datasets.car_parts import (
    CLASSES,
    CarPartsDataset,
    convert_car_parts,
)
from mmproto.datasets.config_checks import find_config_problems

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/dataset_converters/car_parts.py'
REAL = ROOT.parent / 'shared' / 'data' / 'CarParts'
CONFIGS = ('deeplabv3_car_parts', 'proto_car_parts')
# In the order of their numbers, the fifth and the tenth validate.
NUMBERS = (1, 2, 3, 9, 10, 11, 12, 20, 100, 101, 1000)
VAL = (10, 101)


def box(x0, y0, x1, y1):
    return [x0, y0, x1, y0, x1, y1, x0, y1]


@pytest.fixture
def source(tmp_path):
    """Eleven photographs; a door with a mirror on all but the first."""
    folder = tmp_path / 'CarParts'
    (folder / 'JPEGImages').mkdir(parents=True)
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for number in reversed(NUMBERS):
        name = f'car{number}.jpg'
        pixels = rng.integers(0, 256, (12, 16, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / 'JPEGImages' / name), pixels)
        images.append(dict(id=7 * number, file_name=name, width=16, height=12))
        if number != 1:  # the mirror comes first, and is the smaller one
            for category, part in (
                (40, box(4, 4, 6, 6)),
                (30, box(2, 2, 9, 9)),
            ):
                annotations.append(
                    dict(
                        image_id=7 * number,
                        category_id=category,
                        segmentation=[part],
                    )
                )
    categories = [
        dict(id=10, name='_background_'),
        dict(id=40, name='left_mirror'),
        dict(id=30, name='front_left_door'),
    ]
    content = dict(
        images=images, annotations=annotations, categories=categories
    )
    (folder / 'annotations.json').write_text(json.dumps(content))
    return folder


def build(out, split, pipeline=()):
    init_default_scope('mmseg')
    return DATASETS.build(
        dict(
            type='mmproto.CarPartsDataset',
            data_root=str(out),
            data_prefix=dict(
                img_path=f'img_dir/{split}', seg_map_path=f'ann_dir/{split}'
            ),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                *pipeline,
            ],
        )
    )


def test_round_trip(source, tmp_path):
    out = tmp_path / 'out'
    assert convert_car_parts(source, out) == {'train': 9, 'val': 2}
    expected = np.zeros((12, 16), int)
    expected[2:9, 2:9] = CLASSES.index('front_left_door')
    expected[4:6, 4:6] = CLASSES.index('left_mirror')
    for split in ('train', 'val'):
        found = set()
        for sample in build(out, split):
            path = Path(sample['img_path'])
            found.add(int(path.stem[3:]))
            original = source / 'JPEGImages' / path.name
            assert path.read_bytes() == original.read_bytes()
            labels = expected * (path.stem != 'car1')
            np.testing.assert_array_equal(sample['gt_seg_map'], labels)
        assert found == (set(VAL) if split == 'val' else {*NUMBERS} - {*VAL})


def test_the_split_does_not_depend_on_the_order_of_the_file(source, tmp_path):
    change(source, lambda content: content['images'].sort(key=str))
    convert_car_parts(source, tmp_path / 'out')
    names = {path.name for path in (tmp_path / 'out/img_dir/val').iterdir()}
    assert names == {f'car{number}.jpg' for number in VAL}


def test_names_with_folders_keep_them(source, tmp_path):
    (source / 'JPEGImages' / 'sub').mkdir()
    photograph = source / 'JPEGImages' / 'car10.jpg'
    photograph.rename(source / 'JPEGImages' / 'sub' / 'car10.jpg')

    def move(content):
        for image in content['images']:
            if image['file_name'] == 'car10.jpg':
                image['file_name'] = 'sub/car10.jpg'

    change(source, move)
    numbers = convert_car_parts(source, tmp_path / 'out')
    assert (tmp_path / 'out/ann_dir/train/sub/car10.png').is_file()
    assert len(build(tmp_path / 'out', 'train')) == numbers['train']


def change(source, act):
    path = source / 'annotations.json'
    content = json.loads(path.read_text())
    act(content)
    path.write_text(json.dumps(content))


def edit(act):
    """Break the source by an act on what its JSON says."""
    return lambda source: change(source, act)


def outline(*rings):
    """Break the outline of the first annotation, of car1000.jpg."""
    return edit(lambda c: c['annotations'][0].update(segmentation=[*rings]))


def write(text):
    return lambda source: (source / 'annotations.json').write_bytes(text)


def cut_photograph(source):
    path = source / 'JPEGImages' / 'car9.jpg'
    path.write_bytes(path.read_bytes()[:-90])


@pytest.mark.parametrize(
    ('break_it', 'error', 'words'),
    [
        (
            lambda source: (source / 'annotations.json').unlink(),
            FileNotFoundError,
            'annotations.json is missing; expected the layout of Car-Parts',
        ),
        (write(b'{"images": ['), ValueError, 'expected the JSON of COCO'),
        (write(b'\xff\xfe\xfa'), ValueError, 'expected the JSON of COCO'),
        (write(b'[1, 2]'), ValueError, 'expected the JSON of COCO'),
        (
            edit(lambda c: c.pop('categories')),
            ValueError,
            r"KeyError\('categories'\).*expected the JSON of COCO",
        ),
        (
            edit(lambda c: c['images'][0].pop('width')),
            ValueError,
            r"KeyError\('width'\).*expected the JSON of COCO",
        ),
        (
            edit(lambda c: c['categories'][1].update(name='roof')),
            ValueError,
            "found the category 'roof'; expected those of Car-Parts: backgr",
        ),
        (
            edit(lambda c: c['annotations'][3].update(category_id=31)),
            ValueError,
            'an annotation of image 707 and category 31; expected ids',
        ),
        (
            edit(lambda c: c['annotations'][3].update(image_id=5)),
            ValueError,
            'an annotation of image 5 and category 30; expected ids',
        ),
        (
            edit(lambda c: c['images'].append(c['images'][0] | dict(id=1))),
            ValueError,
            'has 11 different images in 12 entries; expected each once',
        ),
        (
            edit(lambda c: c.update(images=c['images'][-4:], annotations=[])),
            ValueError,
            'has 4 images; expected 5 or more',
        ),
        (
            edit(
                lambda c: c['annotations'][0].update(
                    segmentation=dict(counts=[3, 189], size=[12, 16])
                )
            ),
            ValueError,
            'car1000.jpg that is no list of polygons',
        ),
        (outline(), ValueError, 'car1000.jpg that is no list of polygons'),
        (outline([1, 2, 3, 4]), ValueError, 'no list of polygons'),
        (outline([1, 2, 3, 4, 5, 6, 7]), ValueError, 'no list of polygons'),
        (outline(['a', 'b'] * 3), ValueError, 'no list of polygons'),
        (
            outline(box(2, 2, 5, 16.5)),
            ValueError,
            r'a corner 4.5 pixels outside of car1000.jpg \(16 x 12 pixels\)',
        ),
        (outline([1, 2, 3, 4, 5, float('nan')]), ValueError, 'outside of'),
        (
            edit(lambda c: c['images'][2].update(file_name='../a.jpg')),
            ValueError,
            r"found the image '\.\./a.jpg'; expected the name of a .jpg",
        ),
        (
            edit(lambda c: c['images'][2].update(file_name='car.png')),
            ValueError,
            r"found the image 'car.png'; expected the name of a .jpg",
        ),
        (
            lambda source: (source / 'JPEGImages' / 'car9.jpg').unlink(),
            FileNotFoundError,
            'car9.jpg is missing; expected every image',
        ),
        (cut_photograph, ValueError, 'car9.jpg cannot be read'),
        (
            lambda source: (source / 'JPEGImages/car9.jpg').write_text('no'),
            ValueError,
            'car9.jpg cannot be read',
        ),
        (
            edit(lambda c: c['images'][2].update(width=17)),
            ValueError,
            'car100.jpg has 16 x 12 pixels; expected 17 x 12',
        ),
    ],
)
def test_bad_sources_are_named_and_leave_nothing(
    source, tmp_path, break_it, error, words
):
    break_it(source)
    with pytest.raises(error, match=words) as caught:
        convert_car_parts(source, tmp_path / 'out')
    assert '\n' not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ['CarParts']


def test_corners_just_outside_are_cut(source, tmp_path):
    outline(box(-1.5, 0, 18, 13))(source)
    convert_car_parts(source, tmp_path / 'out')
    mask = cv2.imread(str(tmp_path / 'out/ann_dir/train/car1000.png'), -1)
    assert mask[0, 0] == mask[11, 15] == CLASSES.index('left_mirror')


def test_a_full_folder_is_refused(source, tmp_path):
    out = tmp_path / 'out'
    convert_car_parts(source, out)
    with pytest.raises(ValueError, match='exists and is not empty'):
        convert_car_parts(source, out)


def test_the_tool(source, tmp_path, run_tool, capsys):
    out = tmp_path / 'out'
    with pytest.raises(SystemExit, match='annotations.json is missing'):
        run_tool(TOOL, tmp_path, '--out', out)
    run_tool(TOOL, source, '--out', out)
    said = capsys.readouterr()
    assert '9 images in train' in said.out
    assert '11/11' in said.err


def test_what_the_data_set_says():
    meta = CarPartsDataset.METAINFO
    assert len(meta['classes']) == len(meta['palette']) == 19
    assert len({tuple(colour) for colour in meta['palette']}) == 19
    assert [
        (meta['classes'][left], meta['classes'][right])
        for left, right in meta['flip_pairs']
    ] == [
        ('back_left_door', 'back_right_door'),
        ('back_left_light', 'back_right_light'),
        ('front_left_door', 'front_right_door'),
        ('front_left_light', 'front_right_light'),
        ('left_mirror', 'right_mirror'),
    ]


@pytest.mark.parametrize('name', CONFIGS)
def test_configs_swap_what_the_data_set_says(name):
    cfg = Config.fromfile(ROOT / 'configs' / f'{name}.py')
    pairs = CarPartsDataset.METAINFO['flip_pairs']
    assert cfg.tta_model.flip_pairs == pairs
    (flip,) = (
        step
        for step in cfg.train_dataloader.dataset.pipeline
        if step.type == 'RandomFlip'
    )
    assert flip.prob == 0.5
    assert flip.swap_seg_labels == pairs


def test_test_time_augmentation_brings_mirrored_classes_back(tmp_path):
    """Of a mirrored photograph: the same, mirrored, of the other sides."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(ROOT / 'configs/deeplabv3_car_parts.py')
    cfg.model.backbone.pop('init_cfg')  # tests need no weights
    torch.manual_seed(0)
    segmentor = MODELS.build(cfg.model)
    torch.nn.init.normal_(segmentor.decode_head.conv_seg.weight)
    model = MODELS.build(dict(cfg.tta_model, module=segmentor)).eval()
    pipeline = Compose(cfg.tta_pipeline)
    photograph = np.random.default_rng(0).integers(0, 256, (256, 256, 3))
    mask = str(tmp_path / 'mask.png')
    cv2.imwrite(mask, np.zeros((256, 256), np.uint8))

    def evidence(pixels):
        path = str(tmp_path / 'photograph.png')
        cv2.imwrite(path, pixels)
        batch = pipeline(
            dict(
                img_path=path,
                seg_map_path=mask,
                reduce_zero_label=False,
                seg_fields=[],
            )
        )
        with torch.no_grad():
            (sample,) = model.test_step(pseudo_collate([batch]))
        return sample.seg_logits.data

    other = list(range(19))
    for left, right in CarPartsDataset.METAINFO['flip_pairs']:
        other[left], other[right] = right, left
    plain, mirrored = evidence(photograph), evidence(photograph[:, ::-1])
    expected = plain[other].flip(-1)
    scale = plain.std()
    assert (mirrored - expected).abs().max() < 0.01 * scale
    assert (mirrored - plain.flip(-1)).abs().max() > scale


@pytest.mark.smoke
def test_a_mirrored_image_shows_the_other_side():
    """mmseg's flip, against NumPy on the names of the classes."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(ROOT / 'configs/_base_/datasets/car_parts.py')
    step = next(s for s in cfg.train_pipeline if s.type == 'RandomFlip')
    flip = TRANSFORMS.build(dict(step, prob=1.0))
    rng = np.random.default_rng(0)
    labels = np.append(rng.permutation(19), 255).reshape(4, 5)
    image = rng.integers(0, 256, (4, 5, 3)).astype(np.uint8)
    given = dict(
        img=image.copy(),
        gt_seg_map=labels.astype(np.uint8),
        seg_fields=['gt_seg_map'],
    )
    result = flip(given)
    np.testing.assert_array_equal(result['img'], image[:, ::-1])
    names = np.array([*CLASSES] + ['?'] * 236 + ['void'])
    swap = {'left': 'right', 'right': 'left'}
    expected = [
        ['_'.join(swap.get(word, word) for word in name.split('_'))]
        for name in names[labels[:, ::-1]].ravel()
    ]
    assert names[result['gt_seg_map']].reshape(-1, 1).tolist() == expected


@pytest.mark.skipif(not REAL.is_dir(), reason='needs ../shared/data/CarParts')
def test_the_photographs(tmp_path):
    out = tmp_path / 'car_parts'
    assert convert_car_parts(REAL, out) == {'train': 320, 'val': 80}
    cfg = Config.fromfile(ROOT / 'configs/_base_/datasets/car_parts.py')
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.data_root = str(out)
    problems = find_config_problems(cfg, 16, ['train_dataloader'])
    assert problems == {'train_dataloader': []}
    # No photograph validates that is (nearly) one that trains.
    for number in (11, 109, 33, 67, 162, 201):
        assert (out / f'img_dir/train/train{number}.jpg').is_file()
    # A front view: the car's left is the right of the picture.
    mask = cv2.imread(str(out / 'ann_dir/train/train11.png'), -1)
    left, right = (
        np.nonzero(mask == CLASSES.index(f'{side}_mirror'))[1].mean()
        for side in ('left', 'right')
    )
    assert right < 200 < 300 < left
