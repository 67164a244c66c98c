"""The complete config of a training of a sweep."""

import math
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmproto.engine.shares import resolve

from .options import edit_hooks, set_options, type_name
from .sweep import Row

SAVES = 8  # checkpoints of a training: what a crash costs at most


def build_config(
    row: Row, seed: int, cfg_options: Mapping[str, Any] | None = None
) -> dict:
    """Return the complete config of a training, without its work dir.

    Args:
        row: Says what to change in which config.
        seed: Seed of the training.
        cfg_options: Changes as in ``--cfg-options`` of the other commands.

    Raises:
        ValueError: An option leads nowhere.
    """
    data = Config.fromfile(row.path).to_dict()
    try:
        set_options(data, row.options)
        edit_hooks(data, row.remove_hooks, row.add_hooks)
    except ValueError as error:
        raise ValueError(f'row {row.name}: {error}') from error
    config = Config(data)
    config.merge_from_dict(dict(cfg_options or {}))
    data = config.to_dict()
    data['randomness'] = {**(data.get('randomness') or {}), 'seed': seed}
    data.pop('work_dir', None)
    return data


def save_often(name: str, config: dict, starts: list[int]) -> None:
    """Save checkpoints for a resume and for other rows; change in place.

    Args:
        name: Name of the row.
        config: Of plain types.
        starts: Iterations whose checkpoints other rows go on from.

    Raises:
        ValueError: The training ends before such an iteration.
    """
    if training_length(config) is None and not starts:
        return
    length = known_length(name, config)
    if max(starts, default=0) >= length:
        raise ValueError(
            f'rows start from iteration {max(starts)} of row {name}, which '
            f'ends at {length}; start before'
        )
    most = max(1, length // SAVES)
    common = math.gcd(*starts)  # 0 without starts: any number divides it
    every = max(d for d in range(1, most + 1) if common % d == 0)
    hooks = config.setdefault('default_hooks', {})
    hook = hooks.get('checkpoint') or dict(type='CheckpointHook')
    # One may be torn while it is written: keep the one before it, too.
    kept = -1 if starts else 2
    new = dict(by_epoch=False, interval=every, max_keep_ckpts=kept)
    hooks['checkpoint'] = {**hook, **new}


def training_length(config: Mapping) -> int | None:
    """Return the iterations of a training; ``None`` if it counts epochs."""
    return (config.get('train_cfg') or {}).get('max_iters')


def known_length(name: str, config: Mapping) -> int:
    """Return the iterations of the training of a row.

    Raises:
        ValueError: It counts epochs.
    """
    length = training_length(config)
    if length is None:
        raise ValueError(
            f'row {name} counts epochs: a comparison, and a row from which '
            'others start, need train_cfg.max_iters'
        )
    return length


def projection_iteration(config: Mapping) -> int | None:
    """Return the iteration before which training projects prototypes.

    Args:
        config: Of plain types.

    Returns:
        ``None`` where none are moved, or only after the last iteration.
    """
    length = training_length(config)
    if length is None:
        return None
    for hook in config.get('custom_hooks') or []:
        if type_name(hook) != 'PrototypeProjectionHook':
            continue
        before = resolve(hook.get('before'), length)
        if hook.get('mode', 'project') == 'project' and before < length:
            return before
    return None
