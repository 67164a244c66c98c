"""Tests of the two views and their batches."""

from copy import deepcopy

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.runner import Runner

import mmproto.registry  # noqa: F401 - registers the transform
from mmproto.datasets.transforms import TwoViews, two_view_collate

COLOURS = {
    'type': 'PhotoMetricDistortion',
    'brightness_delta': 16,
    'contrast_range': (0.8, 1.2),
    'saturation_range': (0.8, 1.2),
    'hue_delta': 1,
}
PACK = {'type': 'PackSegInputs'}
VIEWS = {'type': 'mmproto.TwoViews', 'view_transforms': [COLOURS, PACK]}
LOADING = [{'type': 'LoadImageFromFile'}, {'type': 'LoadAnnotations'}]
GEOMETRY = [
    {'type': 'RandomCrop', 'crop_size': (24, 32)},
    {'type': 'RandomFlip', 'prob': 0.5},
]


@pytest.fixture(autouse=True)
def seeded():
    before = DefaultScope.get_current_instance()
    init_default_scope('mmseg')
    np.random.seed(0)
    yield
    if before is not None:
        init_default_scope(before.scope_name)


@pytest.fixture
def results():
    rng = np.random.default_rng(0)
    return {
        'img': rng.integers(0, 256, (24, 32, 3), dtype=np.uint8),
        'gt_seg_map': rng.integers(0, 4, (24, 32), dtype=np.uint8),
        'seg_fields': ['gt_seg_map'],
        'img_shape': (24, 32),
    }


@pytest.fixture
def folder(tmp_path):
    """Three images whose blue channel is the label times 40."""
    rng = np.random.default_rng(1)
    for name in ('img', 'ann'):
        (tmp_path / name).mkdir()
    for index in range(3):
        labels = rng.integers(0, 4, (8, 10), dtype=np.uint8)
        labels = labels.repeat(4, 0).repeat(4, 1)
        image = np.stack([labels * 40, labels * 0 + 90, labels * 0 + 90], 2)
        cv2.imwrite(str(tmp_path / 'img' / f'{index}.png'), image)
        cv2.imwrite(str(tmp_path / 'ann' / f'{index}.png'), labels)
    return tmp_path


def build_loader(folder, pipeline, **kwargs):
    dataset = {
        'type': 'BaseSegDataset',
        'data_root': str(folder),
        'data_prefix': {'img_path': 'img', 'seg_map_path': 'ann'},
        'img_suffix': '.png',
        'metainfo': {'classes': list('abcd')},
        'pipeline': pipeline,
    }
    return Runner.build_dataloader(
        dict(
            batch_size=2,
            num_workers=0,
            sampler={'type': 'DefaultSampler', 'shuffle': False},
            dataset=dataset,
            **kwargs,
        )
    )


def test_colours_differ_and_labels_do_not(results):
    before = deepcopy(results)
    differ = 0
    for _ in range(5):
        first, second = TwoViews([COLOURS, PACK])(results)
        differ += not torch.equal(first['inputs'], second['inputs'])
        labels = first['data_samples'].gt_sem_seg.data
        assert torch.equal(labels, second['data_samples'].gt_sem_seg.data)
        assert first['data_samples'].metainfo['view'] == 0
        assert second['data_samples'].metainfo['view'] == 1
    assert differ >= 4
    assert np.array_equal(results['img'], before['img'])
    assert results.keys() == before.keys()


def test_views_share_no_memory(results):
    first, second = TwoViews([PACK])(results)
    first['inputs'].zero_()
    assert second['inputs'].any()


def test_hue_hardly_changes_with_hue_delta_one(results):
    hue_only = dict(
        COLOURS,
        brightness_delta=0,
        contrast_range=(1, 1),
        saturation_range=(1, 1),
    )
    results['img'][:] = (40, 40, 200)  # a red light, BGR
    for _ in range(20):
        for view in TwoViews([hue_only, PACK])(results):
            blue, green, red = view['inputs'][:, 0, 0].tolist()
            assert red == 200
            assert max(blue, green) <= 48


def test_batch_holds_first_views_and_then_second_views(folder):
    loader = build_loader(
        folder,
        [*LOADING, *GEOMETRY, VIEWS],
        collate_fn={'type': 'mmproto.two_view_collate'},
    )
    batches = list(loader)
    assert [len(batch['inputs']) for batch in batches] == [4, 2]
    for batch, images in zip(batches, ([0, 1], [2])):
        samples = batch['data_samples']
        half = len(images)
        assert [s.view for s in samples] == [0] * half + [1] * half
        names = [f'{image}.png' for image in images]
        assert [s.img_path[-5:] for s in samples] == names * 2
        for first, second in zip(samples[:half], samples[half:]):
            labels = first.gt_sem_seg.data
            assert torch.equal(labels, second.gt_sem_seg.data)
            assert first.flip == second.flip
        assert {x.shape for x in batch['inputs']} == {(3, 24, 32)}


def test_some_second_views_leave_room_for_images(folder):
    collate = {'type': 'mmproto.two_view_collate', 'second_views': 1}
    loader = build_loader(
        folder, [*LOADING, *GEOMETRY, VIEWS], collate_fn=collate
    )
    samples = next(iter(loader))['data_samples']
    assert [s.view for s in samples] == [0, 0, 1]
    assert [s.img_path[-5:] for s in samples] == ['0.png', '1.png', '0.png']
    with pytest.raises(ValueError, match='second_views is 0'):
        two_view_collate([], second_views=0)


def test_pixels_stay_on_their_labels(folder):
    pipeline = [*LOADING, *GEOMETRY, dict(VIEWS, view_transforms=[PACK])]
    loader = build_loader(
        folder, pipeline, collate_fn={'type': 'mmproto.two_view_collate'}
    )
    for batch in loader:
        for image, sample in zip(batch['inputs'], batch['data_samples']):
            labels = sample.gt_sem_seg.data[0]
            assert torch.equal(image[0].long(), labels * 40)


def test_segmentor_preprocessor_keeps_the_order(folder):
    from mmseg.models import SegDataPreProcessor

    loader = build_loader(
        folder,
        [*LOADING, *GEOMETRY, VIEWS],
        collate_fn={'type': 'mmproto.two_view_collate'},
    )
    preprocessor = SegDataPreProcessor(size=(24, 32), seg_pad_val=255)
    batch = preprocessor(next(iter(loader)), training=True)
    assert batch['inputs'].shape == (4, 3, 24, 32)
    views = [sample.metainfo['view'] for sample in batch['data_samples']]
    assert views == [0, 0, 1, 1]


@pytest.mark.parametrize('zoom', [1, 2])
@pytest.mark.parametrize(
    'geometry',
    [
        {'type': 'RandomCrop', 'crop_size': (8, 8)},
        {'type': 'RandomFlip', 'prob': 1.0},
    ],
)
def test_geometry_inside_the_views_is_refused(geometry, zoom, results):
    transform = TwoViews([geometry, PACK], zoom=zoom)
    with pytest.raises(ValueError, match='moves pixels'):
        transform(results)


@pytest.mark.parametrize('zoom', [1.5, 2.0])
def test_the_second_view_is_a_window_of_the_first(zoom, results):
    # every pixel of a block of labels has the colour of its label
    results['gt_seg_map'] = results['gt_seg_map'][::4, ::4]
    results['gt_seg_map'] = results['gt_seg_map'].repeat(4, 0).repeat(4, 1)
    results['img'] = np.stack([results['gt_seg_map'] * 40] * 3, 2)
    windows = set()
    for _ in range(6):
        first, second = TwoViews([PACK], zoom=zoom)(results)
        top, left, height, width = second['data_samples'].window
        windows.add((top, left))
        assert (height, width) == (round(24 / zoom), round(32 / zoom))
        labels = first['data_samples'].gt_sem_seg.data[0]
        enlarged = second['data_samples'].gt_sem_seg.data[0]
        assert enlarged.shape == labels.shape
        sure = 0
        for row in range(24):
            for column in range(32):
                place = (
                    top + int((row + 0.5) * height / 24),
                    left + int((column + 0.5) * width / 32),
                )
                # rounding may move a pixel to a neighbour, not further
                around = labels[
                    max(place[0] - 1, 0) : place[0] + 2,
                    max(place[1] - 1, 0) : place[1] + 2,
                ]
                label = enlarged[row, column]
                assert label in around
                if (around == label).all():
                    sure += 1
                    colour = second['inputs'][0, row, column]
                    assert abs(int(colour) - 40 * int(label)) <= 1
        assert sure > 50
    assert len(windows) > 2


def test_a_zoom_below_one_is_refused():
    with pytest.raises(ValueError, match='at least 1'):
        TwoViews([PACK], zoom=0.5)


def test_views_that_are_not_packed_are_refused(results):
    with pytest.raises(ValueError, match='PackSegInputs'):
        TwoViews([COLOURS])(results)


def test_no_transforms_are_refused():
    with pytest.raises(ValueError, match='view_transforms is empty'):
        TwoViews([])


def test_an_image_that_a_transform_gives_up_is_passed_over(results):
    assert TwoViews([lambda results: None])(results) is None


def test_collate_refuses_single_samples(results):
    sample = TwoViews([PACK])(results)[0]
    with pytest.raises(ValueError, match='mmproto.TwoViews'):
        two_view_collate([sample])
