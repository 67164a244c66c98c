"""The stack below mmproto: what is missing, and what has to be set up.

Two families of distributions provide `mmengine`, `mmcv` and `mmseg`: stock
OpenMMLab and its maintained forks `onedl-*`. Either works; both at once do
not, since they write into the same folders.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError

from mmproto.utils.import_hook import around_import

FORKS = ('onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation')
STOCK = ('mmengine', 'mmcv', 'mmcv-full', 'mmcv-lite', 'mmsegmentation')
SCOPE = 'mmproto::'
SCOPES = (SCOPE, 'mmseg::')
PACKAGE_DIR = Path(__file__).resolve().parents[1]


class StackError(ImportError):
    """The packages that mmproto needs are missing or do not fit together."""


def check_stack() -> None:
    """Check what is installed, without importing any of it.

    Raises:
        StackError: torch, torchvision, mmengine, mmcv or mmseg is missing,
            or both stacks are installed. The message says what to install.
    """
    forks, stock = _installed(FORKS), _installed(STOCK)
    if forks and stock:
        raise StackError(
            f'Both {", ".join(forks)} and {", ".join(stock)} are installed '
            'and overwrite each other: run `pip uninstall -y '
            f'{" ".join(forks + stock)}`, then '
            '`pip install "mmproto[onedl]"`.'
        )
    _require(('torch', 'torchvision'), 'torch torchvision')
    extra = 'openmmlab' if stock else 'onedl'
    _require(('mmengine', 'mmcv', 'mmseg'), f'"mmproto[{extra}]"')


def _installed(distributions: Iterable[str]) -> list[str]:
    found = []
    for name in distributions:
        try:
            metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found.append(name)
    return found


def _require(modules: Iterable[str], requirement: str) -> None:
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise StackError(
            f'mmproto cannot find {" and ".join(missing)}: '
            f'run `pip install {requirement}`.'
        )


def set_up_with_mmengine() -> None:
    """Call `set_up` as soon as mmengine is imported, or now if it is.

    So `import mmproto` takes milliseconds, and nobody has to mind the order
    of imports.
    """
    if 'mmengine' in sys.modules:
        set_up()
    else:
        around_import('mmengine', _then_set_up)


@contextmanager
def _then_set_up() -> Iterator[None]:
    yield
    set_up()


def set_up() -> None:
    """Teach the installed mmengine and torch what configs and resuming need.

    A second call changes nothing.
    """
    _map_packages()
    _resolve_configs()
    _allow_checkpoint_classes()


def _map_packages() -> None:
    """Let `mmseg::` bases and inferencers find the forks' distribution."""
    from mmengine.config.utils import MODULE2PACKAGE

    if _installed(['onedl-mmsegmentation']):
        MODULE2PACKAGE['mmseg'] = 'onedl-mmsegmentation'
    MODULE2PACKAGE['mmproto'] = 'mmproto'


def _resolve_configs() -> None:
    """Let `mmproto::` bases be found as `mmseg::` bases are, and both by us.

    mmengine alone refuses names without a folder (`mmproto::x.py`), does not
    find the files of an editable install through pkg_resources, would give
    every type in our bases the scope mmproto, where mmseg's are unknown, and
    answers a wrong name with all 700 of mmseg.
    """
    from mmengine.config import Config

    resolve_others = Config._get_cfg_path
    if getattr(resolve_others, 'knows_mmproto', False):
        return

    def resolve(cfg_path: str, filename: str) -> tuple[str, str | None]:
        """Return the path of a base, and the scope of its types."""
        if cfg_path.startswith(SCOPES):
            scope = None if cfg_path.startswith(SCOPE) else 'mmseg'
            return str(config_path(cfg_path)), scope
        return resolve_others(cfg_path, filename)

    resolve.knows_mmproto = True  # type: ignore[attr-defined]
    Config._get_cfg_path = staticmethod(resolve)


def config_path(name: str) -> Path:
    """Find a config of this package or of mmseg, without importing either.

    Args:
        name: Path below `configs`, after `mmseg::` or `mmproto::`, which may
            be left out.

    Raises:
        FileNotFoundError: There is no such config.
    """
    package, _, relative = name.rpartition('::')
    package = package or 'mmproto'
    folder = config_folder(package)
    for path in (folder / relative, folder / f'{relative}.py'):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f'{package} has no config {relative!r}; {_alternatives(folder, name)}'
    )


def config_folder(package: str) -> Path:
    """Return where the configs of `mmproto` or `mmseg` are.

    Raises:
        FileNotFoundError: mmseg is not installed.
    """
    if package == 'mmproto':
        return shipped('configs')
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f'{package} is not installed')
    home = Path(spec.origin).parent
    installed = home / '.mim' / 'configs'
    # in a checkout they are beside the package
    return installed if installed.exists() else home.parent / 'configs'


def _alternatives(folder: Path, name: str) -> str:
    """Name the configs of a folder that are like a name, or all of ours."""
    if not name.startswith('mmseg::'):
        known = ', '.join(sorted(path.name for path in folder.glob('*.py')))
        return f'it has {known or "none: reinstall mmproto"}.'
    relative = name.removeprefix('mmseg::')
    files = [p.relative_to(folder).as_posix() for p in folder.rglob('*.py')]
    named = [file for file in files if Path(file).name == Path(relative).name]
    near = named or get_close_matches(relative, files)
    return (
        f'near names are {", ".join(near)}.'
        if near
        else f'see the folders in {folder}.'
    )


def shipped(name: str) -> Path:
    """Return the path of `configs` or `tools`.

    It is in `.mim` of an installed package, else in the checkout.
    """
    installed = PACKAGE_DIR / '.mim' / name
    return installed if installed.exists() else PACKAGE_DIR.parent / name


def _allow_checkpoint_classes() -> None:
    """Let stock mmengine resume its own checkpoints under torch >= 2.6.

    That torch unpickles tensors and plain types only. A checkpoint of
    mmengine also holds the log history, of numpy arrays, and the best score,
    a numpy scalar. A stand-in answers the calls of `getattr` in it: the true
    one would give a malicious file the run of the interpreter.
    """
    import torch
    from mmengine.utils import digit_version

    if digit_version(torch.__version__) < digit_version('2.6'):
        return
    import numpy as np
    from mmengine.logging import HistoryBuffer

    array = np.zeros(1)
    dtypes = [type(np.dtype(name)) for name in ('f4', 'f8', 'i8')]
    rebuild_array, rebuild_scalar = (
        item.__reduce__()[0] for item in (array, array[0])
    )
    torch.serialization.add_safe_globals(
        [HistoryBuffer, np.ndarray, np.dtype, *dtypes]
        + [rebuild_array, rebuild_scalar]
        + [(_history_statistic, 'builtins.getattr')]
    )


def _history_statistic(owner: type, name: str) -> Callable:
    """Look up what pickle refers to as `HistoryBuffer.mean` and the like."""
    from mmengine.logging import HistoryBuffer

    if owner is not HistoryBuffer or name.startswith('_'):
        raise UnpicklingError(
            f'The checkpoint asks for {name!r} of {owner!r}, which no '
            'checkpoint of mmengine needs: do not load it.'
        )
    return getattr(HistoryBuffer, name)
