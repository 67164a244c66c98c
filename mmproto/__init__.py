"""Prototype-based, exactly additive segmentation on MMSegmentation.

The stack is checked before anything of it is imported, so that a missing or
mixed installation ends in one sentence instead of a trace into mmseg.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mmproto.utils.environment import check_stack, set_up_with_mmengine
from mmproto.version import __version__ as __version__

if TYPE_CHECKING:
    from mmproto.explanations.explain import explain as explain
    from mmproto.explanations.explanation import Explanation as Explanation
    from mmproto.explanations.record import (
        explanation_record as explanation_record,
    )
    from mmproto.exporting import load_safetensors as load_safetensors
    from mmproto.prototypes.projection import (
        project_prototypes as project_prototypes,
    )
    from mmproto.visualization.explanation_files import (
        save_explanation as save_explanation,
    )

_LAZY = {
    'Explanation': 'mmproto.explanations.explanation',
    'explain': 'mmproto.explanations.explain',
    'explanation_record': 'mmproto.explanations.record',
    'load_safetensors': 'mmproto.exporting',
    'project_prototypes': 'mmproto.prototypes.projection',
    'save_explanation': 'mmproto.visualization.explanation_files',
}
__all__ = ['__version__', *_LAZY]

check_stack()
set_up_with_mmengine()


def __getattr__(name: str) -> Any:
    """Import the parts of the Python API when they are first asked for.

    `import mmproto` takes milliseconds, so that flags of commands are read
    at once.
    """
    if name not in _LAZY:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    """List what users call."""
    return __all__
