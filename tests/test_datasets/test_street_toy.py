import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, METRICS

from mmproto.datasets.check_hook import DatasetCheckHook
from mmproto.datasets.checks import find_problems
from mmproto.datasets.street_scenes import (
    CLASSES,
    PARTS,
    UNSEEN,
    draw_scene,
    draw_unseen_scene,
)
from mmproto.datasets.street_scenes.writer import write_street_scenes

TOOL = Path(__file__).parents[2] / 'tools/dataset_converters/street_toy.py'
SIZE = (64, 128)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp('street') / 'toy'
    assert write_street_scenes(out, 3, 2, seed=5, size=SIZE)
    return out


def build(folder, split='train', **kwargs):
    init_default_scope('mmseg')
    prefix = {
        'img_path': f'leftImg8bit/{split}',
        'seg_map_path': f'gtFine/{split}',
    }
    return DATASETS.build(
        dict(
            type='mmproto.StreetToyDataset',
            data_root=str(folder),
            data_prefix=prefix,
            **kwargs,
        )
    )


def test_the_layout_is_that_of_cityscapes(folder):
    stem = 'val/toytown/toytown_000001_000000'
    scene = draw_scene(5, 1, 1, SIZE)
    image = cv2.imread(f'{folder}/leftImg8bit/{stem}_leftImg8bit.png')
    np.testing.assert_array_equal(image[..., ::-1], scene.image)
    for kind, expected in (
        ('labelIds', scene.label_ids),
        ('labelTrainIds', scene.train_ids),
        ('partIds', scene.part_ids),
        ('instanceIds', scene.instance_ids),
    ):
        path = f'{folder}/gtFine/{stem}_gtFine_{kind}.png'
        mask = cv2.imread(path, cv2.IMREAD_UNCHANGED)
        assert mask.dtype == expected.dtype
        np.testing.assert_array_equal(mask, expected)
    assert len(list(folder.rglob('*.png'))) == 5 * 5


def test_the_record_holds_the_table_of_parts(folder):
    record = json.loads((folder / 'street_toy.json').read_text())
    assert record['seed'] == 5
    assert [tuple(row) for row in record['parts']] == list(PARTS)


def test_more_pictures_do_not_change_the_first(folder, tmp_path):
    write_street_scenes(tmp_path / 'more', 4, 1, seed=5, size=SIZE)
    for path in (folder / 'leftImg8bit/train').rglob('*.png'):
        twin = tmp_path / 'more' / path.relative_to(folder)
        assert (cv2.imread(str(path)) == cv2.imread(str(twin))).all()


def test_the_same_data_set_is_not_drawn_twice(folder):
    assert not write_street_scenes(folder, 3, 2, seed=5, size=SIZE)


def test_another_data_set_is_not_mixed_in(folder):
    with pytest.raises(ValueError, match='exists and is not empty'):
        write_street_scenes(folder, 3, 2, seed=6, size=SIZE)


def test_nothing_is_left_of_an_interrupted_drawing(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_street_scenes(tmp_path / 'toy', 1, 1, size=SIZE, report=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'num_train': 0}, 'at least one of each'),
        ({'num_val': -1}, 'at least one of each'),
        ({'seed': -1}, 'expected 0 or more'),
        ({'size': (16, 128)}, 'at least 32 pixels'),
        ({'num_unseen': -1}, 'found -1 pictures of unseen'),
    ],
)
def test_senseless_arguments_are_refused(tmp_path, changes, words):
    arguments = {'num_train': 1, 'num_val': 1, **changes}
    with pytest.raises(ValueError, match=words):
        write_street_scenes(tmp_path / 'toy', **arguments)


def test_the_data_set_gives_training_ids_and_parts(folder):
    pipeline = [
        {'type': 'LoadImageFromFile'},
        {'type': 'LoadAnnotations'},
        {'type': 'PackSegInputs'},
    ]
    dataset = build(folder, pipeline=pipeline)
    assert len(dataset) == 3
    assert dataset.metainfo['classes'] == tuple(c.name for c in CLASSES)
    assert dataset.label_map is None
    for index in range(3):
        scene = draw_scene(5, index, 0, SIZE)
        sample = dataset[index]['data_samples']
        np.testing.assert_array_equal(
            sample.gt_sem_seg.data[0].numpy(), scene.train_ids
        )
        parts = dataset.get_data_info(index)['part_map_path']
        np.testing.assert_array_equal(
            cv2.imread(parts, cv2.IMREAD_UNCHANGED), scene.part_ids
        )


def test_a_choice_of_classes_is_mapped(folder):
    metainfo = {'classes': ('car', 'road')}
    dataset = build(folder, metainfo=metainfo)
    assert dataset.label_map[7] == 0
    assert dataset.label_map[0] == 1
    assert dataset.label_map[1] == 255
    assert dataset.metainfo['palette'] == [[0, 0, 142], [128, 64, 128]]


def test_images_without_masks_have_no_parts(folder):
    init_default_scope('mmseg')
    dataset = DATASETS.build(
        {
            'type': 'mmproto.StreetToyDataset',
            'data_root': str(folder),
            'data_prefix': {'img_path': 'leftImg8bit/val'},
        }
    )
    assert 'part_map_path' not in dataset.get_data_info(0)


@pytest.mark.parametrize('split', ['test', 'empty'])
def test_a_missing_or_empty_split_is_named(folder, split):
    for kind in ('leftImg8bit', 'gtFine'):
        (folder / kind / 'empty').mkdir(exist_ok=True)
    words = 'is missing; StreetToy' if split == 'test' else 'holds no image'
    with pytest.raises((FileNotFoundError, ValueError), match=words):
        build(folder, split)


def test_the_tool(tmp_path, run_tool, capsys):
    arguments = [
        TOOL, '--out', tmp_path / 'toy', '--train', 1, '--val', 1,
        '--size', 64, 128,
    ]  # fmt: skip
    run_tool(*arguments)
    assert 'toy is complete' in capsys.readouterr().out
    run_tool(*arguments)
    assert 'toy is there already' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='not empty'):
        run_tool(*arguments, '--seed', 9)
    with pytest.raises(SystemExit, match='not empty'):
        run_tool(*arguments, '--unseen', 1)


@pytest.fixture(scope='module')
def unseen_folder(tmp_path_factory):
    out = tmp_path_factory.mktemp('unseen') / 'toy'
    assert write_street_scenes(out, 3, 2, seed=5, size=SIZE, num_unseen=2)
    return out


def test_the_split_of_unseen_objects(folder, unseen_folder):
    for path in folder.rglob('*.png'):
        twin = unseen_folder / path.relative_to(folder)
        assert path.read_bytes() == twin.read_bytes()
    assert len(list(unseen_folder.rglob('*.png'))) == 7 * 5
    masks = sorted(unseen_folder.glob('gtFine/unseen/*/*labelTrainIds.png'))
    for index, path in enumerate(masks):
        expected = draw_unseen_scene(5, index, 2, SIZE).train_ids
        mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(mask, expected)


def test_the_record_tells_of_unseen_objects(folder, unseen_folder):
    records = [
        json.loads((root / 'street_toy.json').read_text())
        for root in (folder, unseen_folder)
    ]
    assert records[1] == {**records[0], 'unseen': 2}
    arguments = {'num_train': 3, 'num_val': 2, 'seed': 5, 'size': SIZE}
    for number in (0, 2):
        assert not write_street_scenes(
            unseen_folder, **arguments, num_unseen=number
        )
    for root, number in ((folder, 2), (unseen_folder, 1)):
        with pytest.raises(ValueError, match='not empty'):
            write_street_scenes(root, **arguments, num_unseen=number)


def problems(dataset):
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return list(find_problems(dataset, infos))


def test_only_the_unseen_split_may_hold_the_unseen_id(unseen_folder):
    assert not problems(build(unseen_folder, 'unseen'))
    metainfo = {'classes': ('car', 'road')}
    assert not problems(build(unseen_folder, 'unseen', metainfo=metainfo))
    image = 'leftImg8bit/train/toytown/toytown_000000_000000_leftImg8bit.png'
    mask = 'gtFine/train/toytown/toytown_000000_000000_gtFine_{}.png'
    path = unseen_folder / mask.format('labelTrainIds')
    assert (unseen_folder / image).is_file()
    original = path.read_bytes()
    cv2.imwrite(str(path), np.full(SIZE, UNSEEN, np.uint8))
    found = problems(build(unseen_folder))
    path.write_bytes(original)
    assert len(found) == 1 and 'the unknown ids 254' in found[0]


def test_a_training_may_validate_on_unseen_objects(unseen_folder):
    class Loader:
        def __init__(self, split):
            self.dataset = build(unseen_folder, split)

    class Runner:
        train_dataloader, val_dataloader = Loader('train'), Loader('unseen')
        val_loop = True

    DatasetCheckHook().before_train(Runner)


def test_iou_metric_leaves_unseen_objects_out(unseen_folder):
    """With ignore_index=254: the same as without their pixels."""
    rng = np.random.default_rng(0)
    init_default_scope('mmseg')
    metric = METRICS.build(
        {'type': 'IoUMetric', 'ignore_index': UNSEEN, 'prefix': 'known'}
    )
    dataset = build(
        unseen_folder,
        'unseen',
        pipeline=[
            {'type': 'LoadImageFromFile'},
            {'type': 'LoadAnnotations'},
            {'type': 'PackSegInputs'},
        ],
    )
    metric.dataset_meta = dataset.metainfo
    hits = np.zeros((len(CLASSES), 3))
    for sample in dataset:
        labels = sample['data_samples'].gt_sem_seg.data
        noise = torch.from_numpy(rng.integers(0, len(CLASSES), labels.shape))
        keep = torch.from_numpy(rng.random(labels.shape) < 0.7)
        guess = torch.where(keep & (labels != UNSEEN), labels, noise)
        data_sample = {
            'pred_sem_seg': {'data': guess},
            'gt_sem_seg': {'data': labels},
        }
        metric.process({}, [data_sample])
        known = labels != UNSEEN
        for index in range(len(CLASSES)):
            truth, said = labels[known] == index, guess[known] == index
            hits[index] += [(truth & said).sum(), truth.sum(), said.sum()]
    expected = hits[:, 0] / (hits[:, 1] + hits[:, 2] - hits[:, 0])
    result = metric.evaluate(len(dataset))
    assert result['known/mIoU'] == pytest.approx(
        100 * np.nanmean(expected), abs=0.01
    )
