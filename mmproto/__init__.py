"""Prototype-based, exactly additive segmentation on MMSegmentation.

The stack is checked before anything of it is imported, so that a missing or
mixed installation ends in one sentence instead of a trace into mmseg.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mmproto.environment import check_stack, set_up
from mmproto.version import __version__

if TYPE_CHECKING:
    from mmproto.explanation import Explanation
    from mmproto.exporting import load_safetensors
    from mmproto.projection import project_prototypes

__all__ = [
    'Explanation',
    '__version__',
    'explain',
    'load_safetensors',
    'project_prototypes',
]

_LAZY = {
    'Explanation': 'mmproto.explanation',
    'load_safetensors': 'mmproto.exporting',
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
    return getattr(import_module(_LAZY[name]), name)


class _Package(ModuleType):
    """Keeps `mmproto.explain` the function.

    Importing the submodule of the same name would put the module there.
    """

    @property
    def explain(self) -> Callable:
        """Explain a decision: the function of `mmproto.explain`."""
        return import_module('mmproto.explain').explain

    @explain.setter
    def explain(self, module: ModuleType) -> None:
        """Ignore the submodule, which the import system binds here."""


sys.modules[__name__].__class__ = _Package
