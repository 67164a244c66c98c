from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmproto.datasets.checks import (
    allowed_ids,
    choose_evenly,
    find_mask_problem,
    read_mask,
)
from mmproto.datasets.config_checks import (
    check_config,
    find_config_problems,
    leaf_configs,
    leaf_datasets,
)

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/check_dataset.py'
HERE = 'town/town_000001_000019'


@pytest.fixture
def root(tmp_path):
    """Write four train images and one val image, 8 x 10, with ids 0-3."""
    folder = tmp_path / 'data'
    for split, number in (('train', 4), ('val', 1)):
        for index in range(number):
            stem = f'{split}/town/town_{index:06d}_000019'
            write_image(folder, stem)
            mask = np.arange(80).reshape(8, 10) % 4
            mask[0, 0] = 255
            write_mask(folder, stem, mask)
    return folder


def write_image(folder, stem):
    path = folder / f'leftImg8bit/{stem}_leftImg8bit.png'
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((8, 10, 3), np.uint8))


def write_mask(folder, stem, mask):
    path = folder / f'gtFine/{stem}_gtFine_labelTrainIds.png'
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), mask.astype(np.uint8))


def dataset(root, split='train', **kwargs):
    return dict(
        type='CityscapesDataset',
        data_root=str(root),
        data_prefix={
            'img_path': f'leftImg8bit/{split}',
            'seg_map_path': f'gtFine/{split}',
        },
        pipeline=[],
        **kwargs,
    )


def toy(root, split='train'):
    return {**dataset(root, split), 'type': 'mmproto.StreetToyDataset'}


def config(train, val=None):
    cfg = {'default_scope': 'mmseg', 'train_dataloader': {'dataset': train}}
    if val is not None:
        cfg['val_dataloader'] = {'dataset': val}
    return Config(cfg)


def the_problem(root, make=toy):
    (problems,) = find_config_problems(config(make(root))).values()
    (problem,) = problems
    return problem


def test_a_sound_data_set_has_no_problem(root):
    found = find_config_problems(config(toy(root), toy(root, 'val')))
    assert found == {'train_dataloader': [], 'val_dataloader': []}
    check_config(config(toy(root)))


def test_unknown_ids(root):
    write_mask(root, f'train/{HERE}', np.full((8, 10), 77))
    problem = the_problem(root)
    assert 'town_000001_000019_gtFine_labelTrainIds.png: found' in problem
    assert 'unknown ids 77; expected 0-10 and 255' in problem


def test_label_ids_instead_of_training_ids(root):
    write_mask(root, f'train/{HERE}', np.arange(80).reshape(8, 10) % 34)
    problem = the_problem(root)
    assert 'found Cityscapes labelIds (11, 12, 13' in problem
    assert 'expected trainIds, that is 0-10 and 255' in problem
    assert 'labelTrainIds.png' in problem


def test_training_ids_instead_of_label_ids(root):
    pytest.importorskip('cityscapesscripts')

    cfg = dataset(root, seg_map_suffix='_gtFine_labelTrainIds.png')
    cfg['type'] = 'mmproto.Cityscapes30Dataset'
    (problems,) = find_config_problems(config(cfg)).values()
    assert len(problems) == 4
    assert 'found training ids (labelTrainIds)' in problems[0]
    assert 'expected Cityscapes labelIds, that is 0-33 and 255' in problems[0]


def test_colours_instead_of_ids(root):
    write_mask(root, f'train/{HERE}', np.zeros((8, 10, 3)))
    assert 'found a mask of 3 channels (RGB' in the_problem(root)


def test_another_size(root):
    write_mask(root, f'train/{HERE}', np.zeros((10, 8)))
    problem = the_problem(root)
    assert 'found a mask of 10 x 8 pixels; expected 8 x 10' in problem


def test_a_missing_mask(root):
    (root / f'gtFine/train/{HERE}_gtFine_labelTrainIds.png').unlink()
    problem = the_problem(root)
    assert 'labelTrainIds.png is missing, the mask of' in problem
    assert 'leftImg8bit.png' in problem


def test_a_missing_image(root, tmp_path):
    names = tmp_path / 'names.txt'
    names.write_text(f'{HERE}\n{HERE.replace("1", "9")}\n')

    def make(root):
        return {**toy(root), 'ann_file': str(names)}

    problem = the_problem(root, make)
    assert 'leftImg8bit.png is missing; expected an image' in problem


@pytest.mark.parametrize('make', [toy, dataset])
def test_an_empty_split(root, make):
    for kind in ('leftImg8bit', 'gtFine'):
        (root / kind / 'empty').mkdir()
    problem = the_problem(root, lambda root: make(root, 'empty'))
    assert 'empty holds no image for' in problem
    assert "expected files that end in '_leftImg8bit.png'" in problem


@pytest.mark.parametrize('make', [toy, dataset])
def test_a_missing_folder(root, make):
    problem = the_problem(root, lambda root: make(root, 'elsewhere'))
    assert 'leftImg8bit/elsewhere is missing;' in problem
    assert 'data_root or data_prefix.img_path' in problem


def test_a_missing_list(root):
    problem = the_problem(root, lambda root: {**toy(root), 'ann_file': 'no'})
    assert 'is missing; StreetToyDataset expects the list' in problem


def test_a_choice_of_classes_knows_the_old_ids(root):
    cfg = dataset(root)
    cfg['metainfo'] = {'classes': ('road', 'car')}
    write_mask(root, f'train/{HERE}', np.full((8, 10), 18))
    assert find_config_problems(config(cfg)) == {'train_dataloader': []}


def test_wrappers_are_opened(root):
    write_mask(root, f'train/{HERE}', np.full((8, 10), 77))
    inner = toy(root)
    wrapped = {
        'type': 'RepeatDataset',
        'times': 2,
        'dataset': {'type': 'ConcatDataset', 'datasets': [inner, inner]},
    }
    assert list(leaf_configs(wrapped)) == [inner, inner]
    assert len(find_config_problems(config(wrapped))['train_dataloader']) == 2


def test_the_first_problem_is_raised_and_the_others_are_counted(root):
    for index in range(3):
        stem = f'train/town/town_{index:06d}_000019'
        write_mask(root, stem, np.full((8, 10), 77))
    with pytest.raises(ValueError, match='000000.*unknown.*and 2 more'):
        check_config(config(toy(root)))


def test_only_some_masks_are_opened(root):
    write_mask(root, f'train/{HERE}', np.full((8, 10), 77))
    check_config(config(toy(root)), samples=2)
    with pytest.raises(ValueError, match='unknown ids'):
        check_config(config(toy(root)), samples=4)


@pytest.mark.parametrize(
    ('arguments', 'expected'),
    [
        ((3,), {0, 1, 2, 255}),
        ((3, {0: 1, 5: 255}), {0, 5, 255}),
        ((3, None, True), {0, 1, 2, 3, 255}),
        ((3, None, False, 254), {0, 1, 2, 254}),
    ],
)
def test_allowed_ids(arguments, expected):
    assert allowed_ids(*arguments) == expected


def test_ids_beyond_a_byte_are_seen(tmp_path):
    path = tmp_path / 'mask.png'
    cv2.imwrite(str(path), np.full((2, 2), 256, np.uint16))
    problem = find_mask_problem(path, read_mask(path), (2, 2), {0, 255})
    assert 'unknown ids 256' in problem


def test_a_palette_is_read_as_ids(tmp_path):
    image = Image.fromarray(np.array([[0, 2]], np.uint8), 'P')
    image.putpalette(list(range(30)))
    image.save(tmp_path / 'mask.png')
    assert read_mask(tmp_path / 'mask.png').tolist() == [[0, 2]]


@pytest.mark.parametrize(
    ('number', 'expected'),
    [(None, [0, 1, 2, 3, 4]), (9, [0, 1, 2, 3, 4]), (2, [0, 2]), (0, [])],
)
def test_spread(number, expected):
    assert choose_evenly(range(5), number) == expected


def test_the_tool(root, tmp_path, run_tool, capsys):
    path = tmp_path / 'config.py'
    config(toy(root), toy(root, 'val')).dump(path)

    run_tool(TOOL, path)
    assert 'val_dataloader: as expected' in capsys.readouterr().out
    write_mask(root, f'train/{HERE}', np.full((8, 10), 77))
    with pytest.raises(SystemExit) as exit_of_tool:
        run_tool(TOOL, path)
    assert exit_of_tool.value.code == 1
    printed = capsys.readouterr().out
    assert 'train_dataloader: ' in printed
    assert 'unknown ids 77' in printed


def test_training_does_not_need_the_test_split(root):
    cfg = config(toy(root))
    cfg.test_dataloader = {'dataset': toy(root, 'test')}
    check_config(cfg)
    assert 'missing' in find_config_problems(cfg)['test_dataloader'][0]


class Wrapper:
    """Holds a data set as mmengine's and torch's wrappers do."""

    def __init__(self, inner):
        self.dataset = inner


def test_leaf_datasets():
    class Leaf:
        pass

    leaf = Leaf()
    assert list(leaf_datasets(Wrapper(Wrapper(leaf)))) == [leaf]
