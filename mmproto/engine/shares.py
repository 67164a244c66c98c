"""Moments of a run: iterations, epochs, or shares of its length.

A float between 0 and 1 is a share. It follows the length of the run, so that
``train_cfg.max_iters`` alone trains the same recipe for longer or shorter.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from mmengine.runner import IterBasedTrainLoop, Runner

Moment = int | float
Moments = dict[str, Moment | None]  # by name; None is the end of the run
# Arguments of mmengine's schedulers that count iterations or epochs.
SCHEDULED = (
    'begin',
    'end',
    'milestones',
    'step_size',
    'T_max',
    'total_steps',
    'periods',
)


def check_moments(owner: str, moments: Moments, least: int = 0) -> Moments:
    """Check moments before the length of the run is known.

    Args:
        owner: Name of the hook, for messages.
        moments: In order of time.
        least: The first iteration (or epoch) that makes sense.

    Returns:
        The same moments.

    Raises:
        ValueError: One is neither a whole number nor a share, or does not
            come after the one before it.
    """
    given = _call(owner, moments)
    values = [value for value in moments.values() if value is not None]
    for value in values:
        if not _is_moment(value, least):
            raise ValueError(
                f'{given}: got {value!r} where an integer of at least {least} '
                'or a share of the run, a float between 0 and 1, is expected'
            )
    for first, second in pairwise(values):
        # An integer and a share cannot be compared yet.
        if type(first) is type(second) and second <= first:
            raise ValueError(
                f'{given}: {second} must come after {first}; change one of '
                'the two'
            )
    return moments


def resolve(moment: Moment | None, length: int) -> int:
    """Return the iteration (or epoch) of a moment in a run.

    Args:
        moment: A share becomes the nearest iteration, but never 0.
        length: Iterations (or epochs) of the run.
    """
    if moment is None:
        return length
    if isinstance(moment, float):
        return max(round(moment * length), 1)
    return moment


def resolve_moments(
    owner: str, moments: Moments, length: int
) -> dict[str, int]:
    """Return the iterations (or epochs) of moments in a run.

    Args:
        owner: Name of the hook, for messages.
        moments: In order of time.
        length: Iterations (or epochs) of the run.

    Raises:
        ValueError: A moment comes after the end of the run, or one that
            begins something at the end, or two fall together.
    """
    steps = {name: resolve(value, length) for name, value in moments.items()}
    values = list(steps.values())
    in_order = all(first < second for first, second in pairwise(values))
    if not in_order or max(values, default=0) > length:
        found = ', '.join(map(str, values))
        raise ValueError(
            f'{_call(owner, moments)} means {found} in a training that ends '
            f'at {length}, where each must come after the one before and none '
            'after the end: train longer, or change one of them (a float is a '
            'share of the run)'
        )
    return steps


def resolve_interval(owner: str, interval: Moment, length: int) -> int:
    """Return the iterations (or epochs) of an interval in a run.

    Args:
        owner: Name of the hook, for messages.
        interval: Iterations (or epochs), or a share of the run.
        length: Iterations (or epochs) of the run.

    Raises:
        ValueError: The interval is longer than the run.
    """
    steps = resolve(interval, length)
    if steps > length:
        raise ValueError(
            f'{owner}(interval={interval}) is never due in a training that '
            f'ends at {length}: train longer, or give a share of the run such '
            'as 0.5'
        )
    return steps


def run_length(runner: Runner, by_epoch: bool, owner: str) -> int:
    """Return how many epochs or iterations a run has.

    Args:
        runner: With its loop built.
        by_epoch: Whether to count epochs.
        owner: Name of the hook, for messages.

    Raises:
        ValueError: ``by_epoch`` in an iteration-based loop, where the epoch
            stays 0; or shares in a loop of mmengine's own.
    """
    if by_epoch and isinstance(runner.train_loop, IterBasedTrainLoop):
        raise ValueError(
            f'{owner}(by_epoch=True) needs an epoch-based train_cfg, got '
            f'{type(runner.train_loop).__name__}; count in iterations with '
            'by_epoch=False'
        )
    _check_loop(runner)
    return runner.max_epochs if by_epoch else runner.max_iters


def hook_steps(hook: Any, runner: Runner) -> dict[str, int]:
    """Return the iterations (or epochs) of a hook's moments in a run.

    Args:
        hook: With ``moments``, and ``by_epoch`` if they may count epochs.
        runner: With its loop built.

    Raises:
        ValueError: See :func:`run_length` and :func:`resolve_moments`.
    """
    owner = type(hook).__name__
    length = run_length(runner, getattr(hook, 'by_epoch', False), owner)
    return resolve_moments(owner, hook.moments, length)


def resolve_schedulers(
    node: Any, max_iters: int, max_epochs: int | None
) -> Any:
    """Return ``param_scheduler`` of a config without shares.

    A curve may go on after a run: here a float above 1 counts too.

    Args:
        node: A scheduler's config, or a list or dict of them.
        max_iters: Iterations of the run.
        max_epochs: Epochs of the run, None where the loop counts none.

    Raises:
        ValueError: A share of epochs in a loop that counts none.
    """
    if isinstance(node, Mapping) and 'type' in node:
        # mmengine's default is to count epochs.
        length = max_epochs if node.get('by_epoch', True) else max_iters
        counted = {key: node[key] for key in SCHEDULED if key in node}
        if length is None:
            if _has_share([*counted.values()]):
                raise ValueError(
                    f'{node["type"]} counts epochs, of which an '
                    'iteration-based loop has no shares: set by_epoch=False'
                )
            return node
        return {
            **node,
            **{k: _resolve_all(v, length) for k, v in counted.items()},
        }
    if isinstance(node, Mapping):
        return {
            key: resolve_schedulers(child, max_iters, max_epochs)
            for key, child in node.items()
        }
    if isinstance(node, (list, tuple)):
        return [
            resolve_schedulers(child, max_iters, max_epochs) for child in node
        ]
    return node


def _is_moment(value: Any, least: int) -> bool:
    if isinstance(value, float):
        return 0 < value < 1
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and value >= least


def _call(owner: str, moments: Moments) -> str:
    given = [f'{k}={v}' for k, v in moments.items() if v is not None]
    return f'{owner}({", ".join(given)})'


def _resolve_all(value: Any, length: int) -> Any:
    if isinstance(value, (list, tuple)):
        return [_resolve_all(item, length) for item in value]
    return resolve(value, length)


def _has_share(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_has_share, value))
    return isinstance(value, float)


def _check_loop(runner: Runner) -> None:
    """Refuse shares that would be taken for iterations."""
    loop: Any = runner.train_loop
    built = runner.param_schedulers or []
    lists = built.values() if isinstance(built, dict) else [built]
    counts = [[s.begin, s.end] for each in lists for s in each]
    if _has_share([loop.val_interval, *counts]):
        kind = type(loop).__name__
        raise ValueError(
            f'val_interval or param_scheduler has shares of the run, which '
            f'{kind} does not know: set train_cfg.type to '
            "'mmproto.ShareIterLoop' or 'mmproto.ShareEpochLoop'"
        )
