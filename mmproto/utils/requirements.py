"""Packages of extras, which training does not need."""

from importlib import import_module
from types import ModuleType


def require(name: str, extra: str = 'export') -> ModuleType:
    """Import a package of an extra.

    Args:
        name: The package, or a module of it.
        extra: The extra that installs it.

    Raises:
        ImportError: If it is not installed; the message says how to
            install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f'this needs the package {name} ({error}); run '
            f'`pip install "mmproto[{extra}]"`'
        ) from error
