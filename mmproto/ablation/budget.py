"""Another length of a training, and of all that happens in the course of it.

One strictly increasing mapping moves every iteration that a config names:
what happened together still does, and what came first still comes first.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .configs import training_length

LOOP_KEYS = ('max_iters', 'val_begin', 'val_interval', 'dynamic_intervals')
SCHEDULER_KEYS = (
    'begin',
    'end',
    'milestones',
    'step_size',
    'T_max',
    'total_steps',
    'periods',
)
# Arguments of mmproto's hooks. Named one by one: the end of a temperature is
# a temperature, an interval of the health hook counts validations.
HOOK_KEYS = {
    'PrototypeInitHook': ('begin',),
    'PrototypeProjectionHook': ('interval', 'before'),
    'PrototypeReseedHook': ('interval', 'begin', 'end'),
    'SparsifyHook': ('begin', 'end'),
    'TemperatureHook': ('begin', 'until'),
    'TrainingPhaseHook': (),  # but each of its phases
}
Place = tuple[dict, str]  # an entry of a dict


def rescale(config: Mapping, iterations: int) -> dict:
    """The config of a training that is longer or shorter.

    Args:
        config: Of plain types, with ``train_cfg.max_iters``.
        iterations: The new length.

    Returns:
        A copy in which the length, schedulers, phases and mmproto's hooks
        have moved in proportion; all that counts epochs, logs or checkpoints
        is as it was.

    Raises:
        ValueError: The training counts epochs, or is too short to keep apart
            what the config keeps apart.
    """
    length = training_length(config)
    if length is None:
        raise ValueError(
            'counts epochs: the budget is for trainings of train_cfg.max_iters'
        )
    changed: dict = copy.deepcopy(dict(config))
    places = list(_places(changed))
    named = [n for node, key in places for n in _numbers(node[key])]
    moved = map_iterations(named, length, iterations)
    for node, key in places:
        node[key] = _replace(node[key], moved)
    _shorten_reseeding(changed)
    return changed


def map_iterations(
    named: Iterable[int], length: int, iterations: int
) -> dict[int, int]:
    """Where iterations move when the length of a training changes.

    Args:
        named: Positive iterations.
        length: Of the training so far.
        iterations: The new length.

    Returns:
        New by old ones, the length among them: in proportion, rounded, and
        shifted where that made two the same.

    Raises:
        ValueError: There are fewer new iterations than named ones up to the
            length.
    """
    old = sorted({*named, length})
    end = old.index(length)
    if iterations <= end:
        raise ValueError(
            f'has {end + 1} moments to keep apart ({old[: end + 1]}), more '
            f'than {iterations} iterations: train longer'
        )
    new = [round(n * iterations / length) for n in old]
    for i in range(len(new)):
        new[i] = max(new[i], new[i - 1] + 1 if i else 1)
    new[end] = iterations
    for i in reversed(range(end)):
        new[i] = min(new[i], new[i + 1] - 1)
    return dict(zip(old, new))


def _places(config: dict) -> Iterator[Place]:
    """All entries that count iterations of the training."""
    loop = config['train_cfg']
    yield from ((loop, key) for key in LOOP_KEYS if key in loop)
    for scheduler in _schedulers(config.get('param_scheduler')):
        # mmengine's default is to count epochs
        if not scheduler.get('by_epoch', True):
            yield from (
                (scheduler, key) for key in SCHEDULER_KEYS if key in scheduler
            )
    for hook in config.get('custom_hooks') or []:
        keys = HOOK_KEYS.get(_name(hook))
        if keys is None or hook.get('by_epoch', False):
            continue
        yield from ((hook, key) for key in keys if key in hook)
        phases = hook.get('phases') or []
        yield from ((phase, 'end') for phase in phases if 'end' in phase)


def _schedulers(node: Any) -> Iterator[Any]:
    """Schedulers of one optimizer, or of several by name."""
    if isinstance(node, Mapping) and 'type' in node:
        yield node
    elif isinstance(node, (Mapping, list, tuple)):
        inner = node.values() if isinstance(node, Mapping) else node
        for child in inner:
            yield from _schedulers(child)


def _numbers(value: Any) -> list[int]:
    """Positive numbers; 0 is the beginning, whatever the length."""
    if isinstance(value, (list, tuple)):
        return [n for item in value for n in _numbers(item)]
    counts = isinstance(value, int) and not isinstance(value, bool)
    return [value] if counts and value > 0 else []


def _replace(value: Any, moved: Mapping[int, int]) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_replace(item, moved) for item in value)
    return moved[value] if _numbers(value) else value


def _shorten_reseeding(config: dict) -> None:
    """Rounding may have made the interval longer than its time."""
    for hook in config.get('custom_hooks') or []:
        if _name(hook) == 'PrototypeReseedHook' and hook.get('end'):
            time = hook['end'] - hook.get('begin', 0)
            hook['interval'] = min(hook['interval'], time)


def _name(hook: Mapping) -> str:
    return hook['type'].rpartition('.')[2]
