"""Stand-in for the compiled operators that mmcv-lite lacks.

mmsegmentation imports `mmcv.ops` for heads that no model here uses, and
`mmcv.ops` asks the extension for its functions at import. The stub has them
all; calling one is an error.
"""

import sys
from importlib import metadata
from importlib.machinery import ModuleSpec
from types import ModuleType

NAME = 'mmcv._ext'


class StubExtension(ModuleType):
    """A module in which every function exists and none works."""

    def __init__(self):
        super().__init__(NAME)
        self.__spec__ = ModuleSpec(NAME, None)

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)

        def missing(*args, **kwargs):
            raise RuntimeError(f'{name} needs the compiled operators of mmcv')

        return missing


def install():
    """Stand in for the operators where mmcv-lite is installed."""
    try:
        metadata.distribution('mmcv-lite')
    except metadata.PackageNotFoundError:
        return
    sys.modules.setdefault(NAME, StubExtension())
