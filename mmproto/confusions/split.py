"""The labelled images of a config whose confusions are counted."""

import copy

from mmengine.config import Config, ConfigDict

from mmproto.datasets.config_checks import leaf_configs
from mmproto.datasets.plain_loader import projection_dataloader

SPLITS = ('val', 'test', 'train')


def use_split(cfg: Config, split: str) -> tuple[Config, ConfigDict]:
    """Prepare a config to run a model on one of its labelled data sets.

    Args:
        cfg: The config of the model; it is not changed.
        split: One of ``SPLITS``; training images are not augmented.

    Returns:
        The config with the data set's pipeline as its test pipeline, and the
        config of the data loader.

    Raises:
        ValueError: If the config has no such data, or combines data sets
            with different pipelines.
    """
    if split not in SPLITS:
        raise ValueError(f'split must be one of {SPLITS}, got {split!r}')
    if split == 'train':
        loader = projection_dataloader(cfg)
    else:
        loader = cfg.get(f'{split}_dataloader')
    if loader is None:
        raise ValueError(
            f'the config has no {split}_dataloader; add it, or choose '
            'another split'
        )
    first, *rest = [
        leaf.get('pipeline') for leaf in leaf_configs(loader['dataset'])
    ]
    if any(pipeline != first for pipeline in rest):
        raise ValueError(
            f'the data sets of split {split!r} have different pipelines; '
            'give them the same, or count their confusions one by one'
        )
    cfg = copy.deepcopy(cfg)
    cfg.test_pipeline = copy.deepcopy(first)
    return cfg, loader
