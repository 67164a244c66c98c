"""Configs of a fit: the one that is written, and the one that trains."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS
from torch import Tensor

from mmproto.datasets.config_checks import check_config, leaf_configs
from mmproto.datasets.plain_loader import (
    projection_dataloader,
    without_labels,
)
from mmproto.feature_cache.build import drop_labels
from mmproto.utils.files import atomic_path

from .options import FitOptions
from .recipe import fit_hooks, fit_schedule

DATA_KEYS = (
    'train_dataloader',
    'val_dataloader',
    'test_dataloader',
    'val_evaluator',
    'test_evaluator',
    'projection_dataloader',
    'test_pipeline',
    'tta_pipeline',
)
OWN_HOOKS = ('mmproto.ExplanationMetricsHook',)
INHERITED = ('default_scope', 'env_cfg', 'custom_imports', 'log_level')


def with_data(cfg: Config, data: Config | None) -> Config:
    """Replace the data of a config by that of another one.

    Args:
        cfg: Config of the black box.
        data: Config of the other data, if any.
    """
    cfg = copy.deepcopy(cfg)
    if data is not None:
        for key in DATA_KEYS:
            cfg.pop(key, None)
            if key in data:
                cfg[key] = copy.deepcopy(data[key])
    if not cfg.get('test_pipeline'):
        cfg.test_pipeline = _test_pipeline(cfg)
    return cfg


def _test_pipeline(cfg: Config) -> list:
    for loader in ('test_dataloader', 'val_dataloader'):
        dataset = (cfg.get(loader) or {}).get('dataset')
        if dataset is not None:
            return next(leaf_configs(dataset))['pipeline']
    raise ValueError(
        'the config has no test_pipeline, test_dataloader or val_dataloader, '
        'which say how an image becomes the input of the network: add one, '
        'or give a config that has it as --data'
    )


def changed_data(cfg: Config, own: Config) -> list[str]:
    """Name the entries about data in which a config differs from another."""
    return [key for key in DATA_KEYS if cfg.get(key) != own.get(key)]


def write_config(
    path: Path, base: str, cfg: Config, model: dict, changed: Sequence[str]
) -> None:
    """Write the config of the concept model, which inherits the user's.

    Args:
        path: The file.
        base: What it inherits.
        cfg: The user's config, with the data to use.
        model: The concept model.
        changed: Entries that are not those of ``base``.
    """
    hooks = [
        hook
        for hook in cfg.get('custom_hooks') or []
        if hook['type'] not in OWN_HOOKS
    ]
    changes: dict[str, Any] = dict(
        model=dict(_delete_=True, **model),
        load_from=None,
        resume=False,
        custom_hooks=[*hooks, *(dict(type=name) for name in OWN_HOOKS)],
        # averages evidence: contributions stay additive
        tta_model=dict(
            _delete_=True,
            type='mmproto.EvidenceTTAModel',
            flip_pairs=(cfg.get('tta_model') or {}).get('flip_pairs'),
        ),
    )
    for key in changed:
        value = cfg.get(key)
        whole = isinstance(value, dict)
        changes[key] = dict(_delete_=True, **value) if whole else value
    text = Config(changes).pretty_text
    with atomic_path(path) as temporary:
        temporary.write_text(
            f"_base_ = '{base}'\n"
            '# A concept head on the frozen backbone of the config above, '
            'written by\n'
            f'# `mmproto fit`; its weights are in {path.stem}.pth.\n{text}',
            encoding='utf-8',
        )


def feature_loader(cfg: Config, target: str) -> dict:
    """Return the loader of the images whose features are kept.

    Args:
        cfg: Config with the data to use.
        target: ``'model'`` needs no labels, so none are read.
    """
    loader = projection_dataloader(cfg)
    if target == 'model':
        drop_labels(loader)
    return loader


def check_data(cfg: Config, target: str) -> None:
    """Check the images and, where they are needed, the labels.

    Args:
        cfg: Config with the data to use.
        target: As in :func:`feature_loader`.

    Raises:
        ValueError: Images or labels are missing or wrong.
    """
    try:
        if target == 'labels':
            check_config(cfg)
        elif not len(DATASETS.build(feature_loader(cfg, target)['dataset'])):
            raise ValueError('the training data set of the config is empty')
    except (FileNotFoundError, ValueError) as error:
        raise ValueError(
            f'{error} (--data CONFIG takes the data of another config)'
        ) from error


def first_image(segmentor: Any, cfg: Config, target: str) -> Tensor:
    """Return the first training image as input (1,3,h,w) of a segmentor.

    Of a segmentor with sliding windows, it is the first window.

    Args:
        segmentor: In evaluation mode.
        cfg: Config with the data to use.
        target: As in :func:`feature_loader`.
    """
    loader = feature_loader(cfg, target)
    sample = DATASETS.build(loader['dataset'])[0]
    data = segmentor.data_preprocessor(pseudo_collate([sample]), False)
    image = data['inputs']
    if segmentor.test_cfg.get('mode') == 'slide':
        rows, columns = segmentor.test_cfg['crop_size']
        image = image[..., :rows, :columns]
    return image


def comparison_loader(cfg: Config) -> dict:
    """Return the loader of the images on which two models are compared.

    The validation data, else the test data, else the training data without
    augmentation; without the labels where there are none.
    """
    for key in ('val_dataloader', 'test_dataloader'):
        if cfg.get(key):
            loader = copy.deepcopy(cfg[key])
            break
    else:
        loader = projection_dataloader(cfg)
    for leaf in leaf_configs(loader['dataset']):
        if not _has_labels(leaf):
            leaf['pipeline'] = without_labels(leaf['pipeline'])
    return loader


def _has_labels(dataset: dict) -> bool:
    found = DATASETS.build(dict(dataset, pipeline=[]))
    label = found.get_data_info(0).get('seg_map_path')
    return label is not None and Path(label).is_file()


def training_config(
    cfg: Config, options: FitOptions, max_iters: int, cache: dict
) -> Config:
    """Return the config that fits the concept head.

    Args:
        cfg: Config of the concept model, with the data to use.
        options: Of the fit.
        max_iters: Its length.
        cache: Arguments of ``mmproto.FrozenFeaturesHook``.
    """
    head = cfg.model.decode_head
    images = feature_loader(cfg, options.target)
    loader = copy.deepcopy(images)
    loader.update(
        batch_size=options.batch_size,
        num_workers=0,  # it only reads what is on the disk
        sampler=dict(type='InfiniteSampler', shuffle=True),
    )
    loader.pop('persistent_workers', None)
    loader.pop('prefetch_factor', None)
    inherited = {key: cfg[key] for key in INHERITED if key in cfg}
    return Config(
        inherited
        | dict(
            model=cfg.model,
            train_dataloader=loader,
            projection_dataloader=images,
            launcher='none',
            log_processor=dict(by_epoch=False),
            randomness=dict(seed=options.seed),
            default_hooks=dict(
                timer=dict(type='IterTimerHook'),
                logger=dict(
                    type='LoggerHook',
                    interval=max(max_iters // 20, 1),
                    log_metric_by_epoch=False,
                ),
                param_scheduler=dict(type='ParamSchedulerHook'),
                checkpoint=dict(
                    type='CheckpointHook',
                    by_epoch=False,
                    interval=max(max_iters // 5, 1),
                    max_keep_ckpts=1,
                ),
                sampler_seed=dict(type='DistSamplerSeedHook'),
            ),
            custom_hooks=[
                dict(type='mmproto.ChannelsLastHook'),
                dict(type='mmproto.FrozenFeaturesHook', **cache),
                *fit_hooks(head.num_classes, head.num_concepts),
            ],
            **fit_schedule(max_iters),
        )
    )
