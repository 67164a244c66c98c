"""Part labels of the drawn scenes, and loaders in general."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, TRANSFORMS
from PIL import Image

from mmproto.datasets import StreetToyDataset
from mmproto.datasets.street_scenes import PARTS, UNSEEN, draw_scene
from mmproto.datasets.street_scenes.writer import write_street_scenes
from mmproto.evaluation.part_loaders import (
    LoadStreetToyParts,
)
from mmproto.evaluation.parts import build_part_loader

SIZE = (64, 128)


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
