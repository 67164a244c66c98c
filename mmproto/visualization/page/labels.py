"""Ground truth of a picture, given or found in a config's data sets."""

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope

from mmproto.datasets.config_checks import leaf_configs
from mmproto.registry import DATASETS

LOADERS = ('test_dataloader', 'val_dataloader', 'train_dataloader')
Size = tuple[int, int]


def read_labels(
    cfg: Any, image: str | Path, path: str | Path | None, size: Size
) -> np.ndarray | None:
    """Read the label map of an image as the data set of a config would.

    Args:
        cfg: The config of the model.
        image: Path of the image.
        path: Its label map; by default that of a data set of the config.
        size: Rows and columns of the image.

    Returns:
        Class ids (h,w), 255 where void; ``None`` without a label map.

    Raises:
        FileNotFoundError: If there is no file at ``path``.
        ValueError: If it is not a label map of this size.
    """
    if path is not None and not Path(path).is_file():
        raise FileNotFoundError(f'there is no label map at {path}')
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    if path is None:
        entry = _find(cfg, Path(image).resolve())
    else:
        entry = _rules(cfg) | dict(seg_map_path=str(path))
    return None if entry is None else _load(cfg, entry, size)


def _datasets(cfg: Any) -> list[Any]:
    """Build the data sets of the loaders without listing their files."""
    found = []
    for name in LOADERS:
        loader = cfg.get(name)
        for leaf in leaf_configs(loader['dataset']) if loader else ():
            found.append(DATASETS.build(dict(leaf) | dict(lazy_init=True)))
    return found


def _rules(cfg: Any) -> dict:
    """Return what mmseg has to know to load a label map."""
    first, *_ = [*_datasets(cfg), None]
    return dict(
        label_map=getattr(first, 'label_map', None),
        reduce_zero_label=getattr(first, 'reduce_zero_label', False),
        seg_fields=[],
    )


def _find(cfg: Any, image: Path) -> dict | None:
    """Find the entry of an image in the first data set that has it."""
    for dataset in _datasets(cfg):
        try:
            entries = dataset.load_data_list()
        except (FileNotFoundError, ValueError):
            continue  # the data is not on this machine
        for entry in entries:
            if Path(entry['img_path']).resolve() == image:
                known = Path(entry.get('seg_map_path', '')).is_file()
                return entry if known else None
    return None


def _load(cfg: Any, entry: dict, size: Size) -> np.ndarray:
    steps = [
        dict(step)
        for step in cfg.get('test_pipeline', [])
        if step['type'].endswith('LoadAnnotations')
    ]
    path = entry['seg_map_path']
    try:
        loaded = Compose(steps or [dict(type='LoadAnnotations')])(entry)
    except (OSError, ValueError) as error:
        raise ValueError(f'{path} is no label map: {error}') from error
    labels = loaded['gt_seg_map']
    if labels.shape != size:
        found = ' x '.join(str(side) for side in labels.shape)
        raise ValueError(
            f'{path} has {found} pixels, its image {size[0]} x {size[1]}: '
            'give a map of class ids of the same picture'
        )
    return labels
