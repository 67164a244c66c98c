"""Prototype-based, exactly additive segmentation on MMSegmentation.

The stack is checked before anything of it is imported, so that a missing or
mixed installation ends in one sentence instead of a trace into mmseg.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mmproto.utils.environment import check_stack, set_up
from mmproto.version import __version__

if TYPE_CHECKING:
    from mmproto.explanations.explain import explain
    from mmproto.explanations.explanation import Explanation
    from mmproto.explanations.record import explanation_record
    from mmproto.exporting import load_safetensors
    from mmproto.prototypes.projection import project_prototypes
    from mmproto.visualization.explanation_files import save_explanation

__all__ = [
    'Explanation',
    '__version__',
    'explain',
    'explanation_record',
    'load_safetensors',
    'project_prototypes',
    'save_explanation',
]

_LAZY = {
    'Explanation': 'mmproto.explanations.explanation',
    'explain': 'mmproto.explanations.explain',
    'explanation_record': 'mmproto.explanations.record',
    'load_safetensors': 'mmproto.exporting',
    'project_prototypes': 'mmproto.prototypes.projection',
    'save_explanation': 'mmproto.visualization.explanation_files',
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


def __dir__() -> list[str]:
    """List what users call."""
    return __all__
