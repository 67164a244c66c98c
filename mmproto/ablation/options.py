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
TAKEN = {'work_dir', 'resume', 'launcher', 'experiment_name', 'cfg'}


def set_options(config: dict, options: Mapping[str, Any]) -> None:
    """Replace entries of a config, in place.

    Args:
        config: Of plain types.
        options: Values by key.

    Raises:
        ValueError: A key leads nowhere, or to a variable that only the file
            of the config reads.
    """
    read = {*inspect.signature(Runner.__init__).parameters, *OWN_ENTRIES}
    for key, value in options.items():
        first = key.split('.')[0]
        if first not in read - TAKEN:
            raise ValueError(
                f'option {key}: {first!r} is a variable that only the file of '
                'the config reads, or decided by the command; change what is '
                'made of it, such as train_dataloader.dataset.pipeline'
            )
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
        entries = _entries(node)
        for count in range(len(rest), 0, -1):
            name = '.'.join(rest[:count])
            if name in entries:
                break
        else:
            if len(rest) == 1 and type_name(node) is not None:
                return node, rest[0]
            raise ValueError(
                f'option {key}: there is no {rest[0]!r} among '
                f'{", ".join(entries) or "no entries"}; give an item of a '
                'list by its number, or by its type if no other has it'
            )
        if count == len(rest):
            return node, entries[name]
        node, rest = node[entries[name]], rest[count:]


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
    present = [type_name(hook) for hook in hooks]
    for name in remove:
        if name not in present:
            raise ValueError(
                f'remove_hooks: there is no {name} in custom_hooks, which '
                f'has {", ".join(map(str, present)) or "none"}'
            )
    for hook in add:
        if type_name(hook) is None:
            raise ValueError(f'add_hooks: {hook!r} has no type')
    kept = [hook for hook in hooks if type_name(hook) not in remove]
    config['custom_hooks'] = kept + copy.deepcopy(list(add))


def _entries(node: Any) -> dict[str, Any]:
    """Map what a key may say to the keys of a dict or numbers of a list."""
    if isinstance(node, Mapping):
        return {name: name for name in node}
    if not isinstance(node, (list, tuple)):
        return {}
    types = [type_name(item) for item in node]
    single = {t: i for i, t in enumerate(types) if t and types.count(t) == 1}
    return single | {str(index): index for index in range(len(node))}


def type_name(config: Any) -> str | None:
    """Return the type of a config without its scope, if it has one."""
    kind = config.get('type') if isinstance(config, Mapping) else None
    return kind.rpartition('.')[2] if isinstance(kind, str) else None
