"""Changes to a config by keys with dots.

A segment of a key picks an entry of a dict or an item of a list, the latter by
its number or by the name of its ``type``, without scope, as in
``custom_hooks.SparsifyHook.strength``. A change that would have no effect is
refused: its row of the table would claim what was not tried.
"""

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.runner import Runner

# what mmproto reads besides mmengine's runner
OWN_ENTRIES = (
    'projection_dataloader',
    'ood_dataloader',
    'find_unused_parameters',
)
# set by the command
TAKEN = ('work_dir', 'resume', 'launcher', 'experiment_name', 'cfg')


def set_options(config: dict, options: Mapping[str, Any]) -> None:
    """Replace entries of a config, in place.

    Args:
        config: Of plain types.
        options: Values by key.

    Raises:
        ValueError: A key leads nowhere, or to a variable that only the file
            of the config reads.
    """
    for key, value in options.items():
        _check_effect(key)
        place, last = find_entry(config, key)
        place[last] = copy.deepcopy(value)


def find_entry(config: dict, key: str) -> tuple[Any, Any]:
    """Find the place of a key.

    Only a dict with a ``type`` may lack the last segment: it is a call, which
    has more arguments than are written down.

    Args:
        config: Of plain types.
        key: With dots. Keys of dicts may contain dots too; the longest that
            fits is taken.

    Returns:
        The dict or list, and its key or number.

    Raises:
        ValueError: There is no such place.
    """
    node: Any = config
    rest = key.split('.')
    while True:
        name: Any
        if isinstance(node, Mapping):
            name, rest = _entry(node, rest, key)
        elif isinstance(node, (list, tuple)):
            name, rest = _item(node, rest[0], key), rest[1:]
        else:
            raise ValueError(
                f'option {key}: {rest[0]!r} is looked for in {node!r}, which '
                'is neither a dict nor a list'
            )
        if not rest:
            return node, name
        node = node[name]


def edit_hooks(
    config: dict, remove: Sequence[str], add: Sequence[Mapping]
) -> None:
    """Remove hooks from ``custom_hooks`` and append others, in place.

    Args:
        config: Of plain types.
        remove: Types of hooks, without scope.
        add: Configs of hooks.

    Raises:
        ValueError: A hook to remove is not there, or one to add has no type.
    """
    hooks = list(config.get('custom_hooks') or [])
    present = [_type_name(hook) for hook in hooks]
    for name in remove:
        if name not in present:
            raise ValueError(
                f'remove_hooks: there is no {name} in custom_hooks, which '
                f'has {", ".join(map(str, present)) or "none"}'
            )
    for hook in add:
        if _type_name(hook) is None:
            raise ValueError(f'add_hooks: {hook!r} has no type')
    kept = [hook for hook in hooks if _type_name(hook) not in remove]
    config['custom_hooks'] = kept + copy.deepcopy(list(add))


def _check_effect(key: str) -> None:
    first = key.split('.')[0]
    read = [*inspect.signature(Runner.__init__).parameters, *OWN_ENTRIES]
    if first not in read or first in TAKEN:
        raise ValueError(
            f'option {key}: {first!r} is a variable that only the file of the '
            'config reads, or decided by the command; change what is made of '
            'it, such as train_dataloader.dataset.pipeline'
        )


def _entry(node: Mapping, rest: list[str], key: str) -> tuple[str, list[str]]:
    for count in range(len(rest), 0, -1):
        name = '.'.join(rest[:count])
        if name in node:
            return name, rest[count:]
    if len(rest) == 1 and 'type' in node:
        return rest[0], []
    raise ValueError(
        f'option {key}: there is no {rest[0]!r} among '
        f'{", ".join(map(str, node)) or "no entries"}'
    )


def _item(node: Sequence, segment: str, key: str) -> int:
    if segment.isdecimal():
        if int(segment) < len(node):
            return int(segment)
        raise ValueError(
            f'option {key}: item {segment} of a list of {len(node)}'
        )
    names = [_type_name(item) for item in node]
    if names.count(segment) != 1:
        raise ValueError(
            f'option {key}: {names.count(segment)} items of type {segment!r} '
            f'among {", ".join(map(str, names)) or "none"}; one is needed, or '
            'give its number'
        )
    return names.index(segment)


def _type_name(item: Any) -> str | None:
    """Return the type of a config without its scope."""
    if not isinstance(item, Mapping) or not isinstance(item.get('type'), str):
        return None
    return item['type'].rpartition('.')[2]
