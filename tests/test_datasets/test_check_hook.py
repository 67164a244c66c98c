import cv2
import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmproto.datasets import DatasetCheckHook

CLASSES = ('road', 'sidewalk')


class Idle(BaseModel):
    """A model that learns nothing and looks at nothing."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs=None, data_samples=None, mode='loss'):
        return {'loss': self.weight.sum()}


def make_data(root, train_id=0, val_id=0):
    for split, class_id in (('train', train_id), ('val', val_id)):
        for folder, suffix, channels in (
            ('leftImg8bit', 'leftImg8bit', (3,)),
            ('gtFine', 'gtFine_labelTrainIds', ()),
        ):
            path = root / folder / split / f'a_{suffix}.png'
            path.parent.mkdir(parents=True)
            pixels = np.full((8, 8, *channels), class_id, np.uint8)
            cv2.imwrite(str(path), pixels)


def loader(root, split):
    return {
        'batch_size': 1,
        'num_workers': 0,
        'sampler': {'type': 'InfiniteSampler', 'shuffle': False},
        'dataset': {
            'type': 'RepeatDataset',
            'times': 2,
            'dataset': {
                'type': 'mmproto.StreetToyDataset',
                'data_root': str(root),
                'data_prefix': {
                    'img_path': f'leftImg8bit/{split}',
                    'seg_map_path': f'gtFine/{split}',
                },
                'pipeline': [
                    {'type': 'LoadImageFromFile'},
                    {'type': 'LoadAnnotations'},
                    {'type': 'PackSegInputs'},
                ],
            },
        },
    }


def train(root, work_dir):
    runner = Runner(
        model=Idle(),
        work_dir=str(work_dir),
        train_dataloader=loader(root, 'train'),
        train_cfg={'type': 'IterBasedTrainLoop', 'max_iters': 1},
        optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.1}},
        val_dataloader={
            **loader(root, 'val'),
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
        },
        val_cfg={},
        val_evaluator={'type': 'IoUMetric'},
        custom_hooks=[{'type': 'mmproto.DatasetCheckHook'}],
        default_scope='mmseg',
        experiment_name=root.parent.name,
    )
    # what is looked at here happens before the first iteration
    runner.val_loop.run = lambda: None
    runner.train()
    return runner


def test_a_sound_data_set_trains(tmp_path):
    make_data(tmp_path / 'data')
    assert train(tmp_path / 'data', tmp_path / 'work').iter == 1


@pytest.mark.parametrize(
    ('ids', 'split'), [({'train_id': 50}, 'train'), ({'val_id': 60}, 'val')]
)
def test_training_does_not_start_on_unknown_ids(tmp_path, ids, split):
    make_data(tmp_path / 'data', **ids)
    number = next(iter(ids.values()))
    words = f'{split}/a_gtFine_labelTrainIds.png: .*unknown ids {number}'
    with pytest.raises(ValueError, match=words):
        train(tmp_path / 'data', tmp_path / 'work')


def test_a_missing_folder_is_said_at_the_start_of_training(tmp_path):
    make_data(tmp_path / 'data')
    (tmp_path / 'data/leftImg8bit/train').rename(tmp_path / 'data/other')
    with pytest.raises(FileNotFoundError, match='leftImg8bit/train is miss'):
        train(tmp_path / 'data', tmp_path / 'work')


def test_a_negative_number_of_samples_is_refused():
    with pytest.raises(ValueError, match='samples=-1'):
        DatasetCheckHook(samples=-1)
