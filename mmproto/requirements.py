"""Packages of the extra ``export``, which training does without."""

from importlib import import_module
from types import ModuleType


def require(name: str) -> ModuleType:
    """Import a package of the extra ``export``.

    Raises:
        ImportError: If it is not installed; says how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f'this needs the package {name} ({error}); run '
            '`pip install "mmproto[export]"`'
        ) from error
