"""Checks of the data sets that a config names, before anything is built."""

from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope

from .checks import check_folders, check_not_empty, find_problems

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def leaf_configs(cfg: dict) -> Iterator[dict]:
    """Configs of the data sets inside wrappers such as RepeatDataset."""
    inner = cfg.get('datasets') or cfg.get('dataset')
    if inner is None:
        yield cfg
        return
    for child in inner if isinstance(inner, list | tuple) else [inner]:
        yield from leaf_configs(child)


def leaf_datasets(dataset: Any) -> Iterator[Any]:
    """Data sets inside wrappers such as ConcatDataset and RepeatDataset."""
    inner = getattr(dataset, 'datasets', None)
    inner = inner or getattr(dataset, 'dataset', None)
    if inner is None:
        yield dataset
        return
    for child in inner if isinstance(inner, list | tuple) else [inner]:
        yield from leaf_datasets(child)


def find_config_problems(
    cfg: Config,
    samples: int | None = None,
    loaders: Sequence[str] = LOADERS,
) -> dict[str, list[str]]:
    """What is wrong with the data sets of a config.

    Args:
        cfg: A config of mmengine's Runner.
        samples: Number of masks to open in each data set, evenly spread;
            None for all, 0 for none.
        loaders: Entries of the config to look at.

    Returns:
        Sentences of every loader that the config has; a loader with the same
        data set as one before it is left out.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    problems: dict[str, list[str]] = {}
    seen: list[dict] = []
    for loader in loaders:
        dataset = (cfg.get(loader) or {}).get('dataset')
        if dataset is None or dataset in seen:
            continue
        seen.append(dataset)
        problems[loader] = [
            sentence
            for leaf in leaf_configs(dataset)
            for sentence in _find_leaf_problems(leaf, samples)
        ]
    return problems


def check_config(cfg: Config, samples: int | None = 16) -> None:
    """Check the data sets that a config trains and validates with.

    mmseg lists the images while it builds the loaders, before any hook runs:
    called before that, this tells of a missing folder or an empty split.

    Args:
        cfg: A config of mmengine's Runner.
        samples: As in `find_config_problems`.

    Raises:
        ValueError: With the first sentence of every loader that has one.
    """
    found = find_config_problems(cfg, samples, LOADERS[:2])
    raise_problems([text for texts in found.values() for text in texts])


def raise_problems(problems: list[str]) -> None:
    """Raise the first of the sentences and count the others.

    Raises:
        ValueError: If there is any.
    """
    if problems:
        others = len(problems) - 1
        more = (
            f' (and {others} more: tools/analysis_tools/check_dataset.py '
            'lists all)'
        )
        raise ValueError(problems[0] + (more if others else ''))


def list_images(cfg: dict) -> tuple[Any, list[dict]]:
    """The data set of a config, and its entries.

    Args:
        cfg: Of a data set without a wrapper; the default scope is set.

    Raises:
        FileNotFoundError: A folder is missing.
        ValueError: There is no image.
    """
    from mmseg.registry import DATASETS

    dataset = DATASETS.build(dict(cfg, lazy_init=True, pipeline=[]))
    check_folders(dataset)
    infos = dataset.load_data_list()
    check_not_empty(dataset, infos)
    return dataset, infos


def _find_leaf_problems(cfg: dict, samples: int | None) -> list[str]:
    try:
        dataset, infos = list_images(cfg)
    except (FileNotFoundError, ValueError) as error:
        return [str(error)]
    return list(find_problems(dataset, infos, samples))
