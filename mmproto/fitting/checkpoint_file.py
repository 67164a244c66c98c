"""Read a checkpoint without running code that may be in it."""

import re
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from mmengine.utils import digit_version
from torch import Tensor

# A training keeps its history beside the weights. Nothing here needs it, so
# stand-ins take the places of its classes, under the names of either numpy:
# to build a true array could already spoil the memory of the process.
HISTORY = (
    'mmengine.logging.history_buffer.HistoryBuffer',
    'builtins.getattr',
    'builtins.slice',
    'numpy.ndarray',
    'numpy.dtype',
    *(
        f'numpy.{core}.multiarray.{name}'
        for core in ('core', '_core')
        for name in ('_reconstruct', 'scalar')
    ),
)
BEGINNINGS = (b'PK\x03\x04', b'\x80')  # of torch.save, since 1.6 and before
POINTER = b'version https://git-lfs'


class Skipped(tuple):
    """Stands in for an object that is not read, whatever it is made of."""

    def __new__(cls, *args: Any) -> 'Skipped':
        """Make an empty tuple."""
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        """Stay empty."""


def read_checkpoint(
    path: str | Path, trusted: bool = False
) -> tuple[dict[str, Tensor], dict]:
    """Read weights and meta data, as ``mmengine.runner.load_checkpoint`` does.

    Args:
        path: A checkpoint of mmengine or of mmseg 0.x, or a state dict.
        trusted: Whether the file may run code.

    Returns:
        The weights, without the prefix of a data-parallel wrapper, and the
        meta data.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a checkpoint, holds no weights, or holds what
            could run code and is not trusted.
    """
    path = Path(path)
    _check_beginning(path)
    content = _load(path, trusted)
    if not isinstance(content, Mapping):
        raise ValueError(
            f'{path} holds an object of class {type(content).__name__}, not '
            'weights: save its state_dict() instead'
        )
    state = content.get('state_dict', content)
    named = state.items() if isinstance(state, Mapping) else ()
    weights = OrderedDict(
        (re.sub(r'^module\.', '', str(name)), value)
        for name, value in named
        if isinstance(value, Tensor)
    )
    if not weights:
        raise ValueError(
            f'{path} holds no weights: expected them under "state_dict", got '
            f'the keys {", ".join(map(str, list(content)[:5])) or "none"}'
        )
    # versions of the modules, by which they revise names of older ones
    metadata = getattr(state, '_metadata', OrderedDict())
    weights._metadata = metadata  # type: ignore[attr-defined]
    meta = content.get('meta')
    return weights, dict(meta) if isinstance(meta, Mapping) else {}


def _check_beginning(path: Path) -> None:
    """Refuse what is no file of torch.save at all."""
    if path.is_dir():
        raise ValueError(f'{path} is a folder: give a checkpoint in it')
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint at {path}')
    with path.open('rb') as file:
        beginning = file.read(len(POINTER))
    if beginning == POINTER:
        raise ValueError(
            f'{path} is a pointer of git-lfs, not the checkpoint itself: run '
            '`git lfs pull` in its repository'
        )
    if not beginning.startswith(BEGINNINGS):
        found = f'it begins with {beginning[:8]!r}' if beginning else 'empty'
        raise ValueError(f'{path} is not a checkpoint of PyTorch ({found})')


def _load(path: Path, trusted: bool) -> Any:
    """Return what is in the file; big tensors stay in it until copied."""
    try:
        with _history_skipped():
            return torch.load(
                path,
                map_location='cpu',
                weights_only=not trusted,
                mmap=zipfile.is_zipfile(path),
            )
    except MemoryError:
        raise
    except UnpicklingError as error:
        if trusted:
            raise _unreadable(path, error) from error
        raise _refused(path, error) from error
    except Exception as error:  # a damaged file makes torch raise anything
        raise _unreadable(path, error) from error


@contextmanager
def _history_skipped() -> Iterator[None]:
    """Allow what a training keeps beside weights, as stand-ins.

    What others allowed is set aside: it has the same names. Before 2.6 torch
    knows no stand-ins, and refuses such files.
    """
    if digit_version(torch.__version__) < digit_version('2.6'):
        yield
        return
    others = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals([(Skipped, name) for name in HISTORY])
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(others)


def _refused(path: Path, error: Exception) -> ValueError:
    """Say what the file holds that is neither tensor nor plain type."""
    found = re.search(r'GLOBAL (\S+)', str(error))
    what = found[1] if found else 'something other than tensors'
    return ValueError(
        f'{path} holds {what}, and to load that could run any code: give '
        '--trust-checkpoint if you trust where the file comes from'
    )


def _unreadable(path: Path, error: Exception) -> ValueError:
    reason = re.split(r'\n|\. ', str(error))[0] or type(error).__name__
    return ValueError(
        f'{path} cannot be read as a checkpoint, it may be incomplete: '
        f'{reason}'
    )
