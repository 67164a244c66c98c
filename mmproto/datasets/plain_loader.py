"""The data loader of a projection, derived from the one for training."""

import copy
from collections.abc import Sequence

from mmengine.config import Config, ConfigDict

from .config_checks import leaf_configs

SOURCES = ('val_dataloader', 'test_dataloader')


def projection_dataloader(cfg: Config) -> ConfigDict:
    """Derive the config of a loader over the training images as they are.

    ``cfg.projection_dataloader`` is used if given. Otherwise the loader gives
    every image of the training data set once, in order, with the pipeline of
    the validation. Data sets that repeat or mix others are unwrapped.

    Args:
        cfg: The complete config of a training.

    Returns:
        Config for ``Runner.build_dataloader``.

    Raises:
        ValueError: If the config has no training data, or no pipeline
            without augmentation.
    """
    given = cfg.get('projection_dataloader')
    if given is not None:
        return copy.deepcopy(given)
    train = cfg.get('train_dataloader')
    if train is None:
        raise ValueError(
            'a projection searches the training images, but the config has '
            'neither train_dataloader nor projection_dataloader'
        )
    loader = copy.deepcopy(train)
    for key in ('collate_fn', 'batch_sampler', 'num_batch_per_epoch'):
        loader.pop(key, None)
    loader['sampler'] = ConfigDict(type='DefaultSampler', shuffle=False)
    loader['drop_last'] = False
    loader.setdefault('batch_size', 1)
    loader['dataset'] = plain_dataset(train['dataset'], _pipeline(cfg))
    if not loader.get('num_workers'):
        loader.pop('persistent_workers', None)
        loader.pop('prefetch_factor', None)
    return loader


def plain_dataset(dataset: dict, pipeline: list) -> dict:
    """Unwrap a data set config and give it another pipeline.

    Args:
        dataset: Config of a data set or of a wrapper.
        pipeline: Transforms for every data set in it.

    Returns:
        Config of a data set, or of a concatenation of several.
    """
    if 'dataset' in dataset:  # RepeatDataset, MultiImageMixDataset, ...
        return plain_dataset(dataset['dataset'], pipeline)
    plain = copy.deepcopy(dataset)
    if 'datasets' in dataset:  # ConcatDataset
        plain['datasets'] = [
            plain_dataset(part, pipeline) for part in dataset['datasets']
        ]
    else:
        plain['pipeline'] = copy.deepcopy(pipeline)
    return plain


def without_labels(pipeline: Sequence[dict]) -> list[dict]:
    """Return the steps of a pipeline that read no labels."""
    return [
        step for step in pipeline if 'Annotations' not in str(step['type'])
    ]


def _pipeline(cfg: Config) -> list:
    for source in SOURCES:
        dataset = (cfg.get(source) or {}).get('dataset') or {}
        pipeline = next(leaf_configs(dataset)).get('pipeline')
        if pipeline is not None:
            return pipeline
    if cfg.get('test_pipeline') is not None:
        return cfg.test_pipeline
    raise ValueError(
        'a projection needs a pipeline without augmentation: give the config '
        'a val_dataloader, a test_pipeline or a projection_dataloader'
    )
