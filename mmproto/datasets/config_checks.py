"""Checks of the data sets that a config names, before anything is built."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope

from .checks import check_folders, check_not_empty, find_problems

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def leaf_configs(cfg: dict) -> Iterator[dict]:
    """Yield the configs of data sets inside wrappers such as RepeatDataset."""
    return _leaves(cfg, lambda node, key: node.get(key))


def leaf_datasets(dataset: Any) -> Iterator[Any]:
    """Yield the data sets inside wrappers such as RepeatDataset."""
    return _leaves(dataset, lambda node, key: getattr(node, key, None))


def _leaves(node: Any, get: Callable[[Any, str], Any]) -> Iterator[Any]:
    inner = get(node, 'datasets') or get(node, 'dataset')
    if inner is None:
        yield node
        return
    for child in inner if isinstance(inner, list | tuple) else [inner]:
        yield from _leaves(child, get)


def find_config_problems(
    cfg: Config,
    samples: int | None = None,
    loaders: Sequence[str] = LOADERS,
) -> dict[str, list[str]]:
    """Say what is wrong with the data sets of a config.

    Args:
        cfg: A config of mmengine's Runner.
        samples: Number of masks to open in each data set, evenly spread;
            None for all, 0 for none.
        loaders: Entries of the config to look at.

    Returns:
        Sentences for every loader of the config, except for those whose data
        set is that of an earlier one.
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

    mmseg lists the images while it builds the loaders, before any hook runs.
    Call this first to learn of a missing folder or an empty split.

    Args:
        cfg: A config of mmengine's Runner.
        samples: As in `find_config_problems`.

    Raises:
        ValueError: With the first sentence, if there is any.
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
        more = f' (and {others} more: mmproto check lists all)'
        raise ValueError(problems[0] + (more if others else ''))


def list_images(cfg: dict) -> tuple[Any, list[dict]]:
    """Build the data set of a config, and list its entries.

    Args:
        cfg: Of a data set without a wrapper; the default scope must be set.

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
