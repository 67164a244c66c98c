"""Act when a module is imported, without importing it."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

Around = Callable[[], AbstractContextManager]


def around_import(name: str, around: Around) -> None:
    """Run the code of a module, once it is imported, inside of a context.

    Args:
        name: Of the module. Nothing happens if it is imported already.
        around: Makes the context manager.
    """
    if name not in sys.modules:
        sys.meta_path.insert(0, _Finder(name, around))


class _Finder(MetaPathFinder):
    """Finds one module as the others do, and wraps the run of its code."""

    def __init__(self, name: str, around: Around) -> None:
        self.name = name
        self.around = around

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the spec of the module, or None for any other name."""
        if fullname != self.name:
            return None
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(fullname, path, target)
                if spec is not None:
                    self._wrap(spec)
                    return spec
        return None

    def _wrap(self, spec: ModuleSpec) -> None:
        loader = spec.loader
        if loader is None:  # a folder without code
            return
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            """Run the code of the module inside of the context."""
            del loader.exec_module  # leave the loader as it was
            with self.around():
                execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)

        loader.exec_module = exec_module  # type: ignore[method-assign]
