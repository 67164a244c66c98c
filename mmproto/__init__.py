"""Prototype-based, exactly additive segmentation on MMSegmentation.

The stack is checked before anything of it is imported, so that a missing or
mixed installation ends in one sentence instead of a trace into mmseg.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mmproto.environment import check_stack, set_up
from mmproto.version import __version__

if TYPE_CHECKING:
    from mmproto.explain import Explanation, explain
    from mmproto.projection import project_prototypes

__all__ = ['Explanation', '__version__', 'explain', 'project_prototypes']

_LAZY = {
    'explain': 'mmproto.explain',
    'Explanation': 'mmproto.explain',
    'project_prototypes': 'mmproto.projection',
}

check_stack()
set_up()


def __getattr__(name: str) -> Any:
    """Import the parts of the Python API when they are first asked for.

    mmengine imports this package to reach its registry: what a training does
    not use must not cost its start.
    """
    if name not in _LAZY:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value
