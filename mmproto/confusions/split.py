"""The labelled images of a config on which confusions are counted."""

import copy

from mmengine.config import Config, ConfigDict

from mmproto.datasets.config_checks import leaf_configs
from mmproto.datasets.plain_loader import projection_dataloader

SPLITS = ('val', 'test', 'train')


def use_split(cfg: Config, split: str) -> tuple[Config, ConfigDict]:
    """Let a model see images as one of the data sets of its config does.

    Args:
        cfg: Of the model; not changed.
        split: One of ``SPLITS``; training images come as they are.

    Returns:
        The config, whose test pipeline is that of the data set, and the
        config of the loader.

    Raises:
        ValueError: If the config has no such data, or data sets whose images
            are prepared in different ways.
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
