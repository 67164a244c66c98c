"""What decides the features of a cache, in one record."""

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from mmproto.models.fingerprint import fingerprint

from .options import CacheOptions
from .places import Windows
from .views import reads_pooled, stages_kept

VERSION = 1
# How weights came to be; the fingerprint says what they are.
ORIGINS = ('init_cfg', 'pretrained')
# What decides how a neck pools the maps that it reads.
POOLING = ('in_index', 'size_index', 'pool')
MANY_CLASSES = 255  # this number is void


def cache_record(
    segmentor: Any,
    cfg: Config,
    loader: dict,
    dataset: Any,
    options: CacheOptions,
) -> dict:
    """Describe a cache: where anything differs, it is another one.

    Args:
        segmentor: The model without a data-parallel wrapper.
        cfg: The complete config.
        loader: Config of the loader of the images.
        dataset: The data set of the loader.
        options: Options of the cache.

    Returns:
        The record, of plain types.
    """
    windows = Windows.of(segmentor)
    preprocessor = cfg.model.get('data_preprocessor') or cfg.get(
        'data_preprocessor'
    )
    of_model = options.target == 'model'
    return dict(
        version=VERSION,
        weights=fingerprint(segmentor.backbone),
        backbone=_hash(_structure(cfg.model.backbone)),
        data=_hash([loader['dataset'], preprocessor, *_files(dataset)]),
        images=len(dataset),
        metainfo=json.loads(json.dumps(dict(dataset.metainfo), default=str)),
        stages=stages_kept(segmentor, options),
        pooling=_pooling(segmentor, cfg, options),
        variants=[list(variant) for variant in options.variants],
        dtype=options.dtype,
        label_dtype=(
            'int32' if segmentor.num_classes > MANY_CLASSES else 'uint8'
        ),
        target=options.target,
        black_box=_black_box(segmentor, cfg) if of_model else None,
        windows=(windows and dict(crop=windows.crop, stride=windows.stride)),
        seed=options.seed,
    )


def _pooling(
    segmentor: Any, cfg: Config, options: CacheOptions
) -> dict | None:
    if not reads_pooled(segmentor, options):
        return None
    return {key: cfg.model.neck.get(key) for key in POOLING}


def _black_box(segmentor: Any, cfg: Config) -> str:
    weights = fingerprint(segmentor.black_box, without=('backbone.',))
    return _hash([weights, _structure(cfg.model.black_box)])


def _files(dataset: Any) -> Iterator[list]:
    """Name, size and time of each image and label map."""
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        for key in ('img_path', 'seg_map_path'):
            path = info.get(key)
            if path is not None and os.path.exists(path):
                stat = os.stat(path)
                yield [path, stat.st_size, stat.st_mtime_ns]
            else:
                yield [path]


def _structure(cfg: Any) -> Any:
    """Leave out of a config where weights come from."""
    if isinstance(cfg, dict):
        return {k: _structure(v) for k, v in cfg.items() if k not in ORIGINS}
    if isinstance(cfg, list | tuple):
        return [_structure(each) for each in cfg]
    return cfg


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
