"""The projection sees the training images as the validation sees its own."""

import pytest
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmproto.datasets.plain_loader import projection_dataloader


def test_training_images_in_order_without_augmentation(tiny_config):
    tiny_config.train_dataloader.update(
        drop_last=True,
        collate_fn=dict(type='mmproto.two_view_collate'),
        persistent_workers=True,
        prefetch_factor=4,
    )
    init_default_scope('mmseg')
    before = tiny_config.pretty_text
    loader = projection_dataloader(tiny_config)
    assert tiny_config.pretty_text == before
    assert loader.sampler == dict(type='DefaultSampler', shuffle=False)
    assert [step.type for step in loader.dataset.pipeline] == [
        'LoadImageFromFile',
        'LoadAnnotations',
        'PackSegInputs',
    ]
    paths = [
        sample.img_path
        for batch in Runner.build_dataloader(loader)
        for sample in batch['data_samples']
    ]
    assert len(paths) == 6 and paths == sorted(paths)
    assert all('/train/' in path for path in paths)


def test_workers_stay_where_there_are_some(tiny_config):
    tiny_config.train_dataloader.update(num_workers=2, persistent_workers=True)
    loader = projection_dataloader(tiny_config)
    assert loader.num_workers == 2 and loader.persistent_workers


def test_own_loader_is_taken(tiny_config):
    tiny_config.projection_dataloader = dict(batch_size=7)
    assert projection_dataloader(tiny_config) == dict(batch_size=7)


@pytest.mark.parametrize('wrapper', ['RepeatDataset', 'MultiImageMixDataset'])
def test_repeating_and_mixing_is_undone(tiny_config, wrapper):
    inner = tiny_config.train_dataloader.dataset
    tiny_config.train_dataloader.dataset = dict(
        type=wrapper, times=3, pipeline=[dict(type='Mosaic')], dataset=inner
    )
    dataset = projection_dataloader(tiny_config).dataset
    assert dataset.type == 'BaseSegDataset'
    assert len(dataset.pipeline) == 3


def test_concatenation_is_kept(tiny_config):
    inner = tiny_config.train_dataloader.dataset
    repeated = dict(type='RepeatDataset', times=2, dataset=inner)
    tiny_config.train_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[inner, repeated]
    )
    dataset = projection_dataloader(tiny_config).dataset
    types = [part.type for part in dataset.datasets]
    assert types == ['BaseSegDataset'] * 2
    assert all(len(part.pipeline) == 3 for part in dataset.datasets)


def test_pipeline_is_looked_for_behind_wrappers(tiny_config):
    steps = tiny_config.val_dataloader.dataset.pipeline
    steps.insert(1, ConfigDict(type='Resize', scale=(48, 32)))
    tiny_config.val_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[tiny_config.val_dataloader.dataset]
    )
    pipeline = projection_dataloader(tiny_config).dataset.pipeline
    assert pipeline[1].type == 'Resize'


def test_test_pipeline_is_the_last_resort(tiny_config):
    tiny_config.pop('val_dataloader')
    tiny_config.pop('test_dataloader')
    tiny_config.test_pipeline.pop(1)
    pipeline = projection_dataloader(tiny_config).dataset.pipeline
    assert len(pipeline) == 2
    tiny_config.pop('test_pipeline')
    with pytest.raises(ValueError, match='without augmentation'):
        projection_dataloader(tiny_config)


def test_no_training_data():
    with pytest.raises(ValueError, match='projection_dataloader'):
        projection_dataloader(Config({}))
