"""Files: written whole or not at all, hashed, and found where they moved."""

import errno
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

CHUNK = 1 << 20  # bytes of a file that are read at once


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path that becomes ``path`` if all goes well.

    Args:
        path: The file to write; a missing folder is made.

    Yields:
        A path in the same folder, with the same suffix.

    Raises:
        OSError: If it cannot be written. The message names ``path``, since
            nobody knows the temporary one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.stem}.{os.getpid()}{path.suffix}')
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.filename is None or Path(error.filename) != temporary:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: str | Path) -> None:
    """Refuse a file that cannot be written, before its content is computed.

    Nothing is made: if the folder is missing, the nearest one above it that
    exists must be writable.

    Args:
        path: The file to write.

    Raises:
        ValueError: If it is a folder, or its folder is not writable.
    """
    try:
        if Path(path).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        above = Path(path).absolute().parents
        folder = next(parent for parent in above if parent.exists())
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(
            f'{path} cannot be written ({error.strerror}): give a file in '
            'a folder that you may write to'
        ) from error


def write_json(data: Any, path: str | Path, indent: int | None = 1) -> None:
    """Write ``data``, of plain types, as a JSON file.

    Args:
        data: What to write.
        path: Where to write it.
        indent: Blanks per level; ``None`` for a single line.

    Raises:
        ValueError: If a number is not finite. Nothing is written then.
    """
    text = json.dumps(data, indent=indent, allow_nan=False)
    with atomic_path(path) as temporary:
        temporary.write_text(text + '\n', encoding='utf-8')


def remove_old_sheets(sheets: Sequence[Path], folder: Path, stem: str) -> None:
    """Remove the sheets of an earlier run, once the new ones exist.

    Args:
        sheets: The new ones, ``<stem>_01.png`` and so on.
        folder: Where they are. Files with other names are left alone.
        stem: What their names begin with.
    """
    for path in folder.glob(f'{stem}_*.png'):
        if path not in sheets and re.fullmatch(
            r'\d{2,3}', path.stem[len(stem) + 1 :]
        ):
            path.unlink()


def file_hash(path: str | Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    digest = hashlib.sha256()
    with Path(path).open('rb') as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def relative_link(path: str | Path, folder: str | Path) -> str:
    """Link from a folder to a file, quoted; never one with a scheme."""
    there = os.path.relpath(Path(path).resolve(), Path(folder).resolve())
    return './' + quote(Path(there).as_posix())


def find_image(path: str, data_root: str | Path | None = None) -> Path | None:
    """Find an image of the projection record, even if the data moved.

    Args:
        path: The path when the prototypes were projected.
        data_root: Where the data is now. The longest tail of ``path`` that
            exists below it is taken.

    Returns:
        The file, or ``None`` if there is none.
    """
    if Path(path).is_file():
        return Path(path)
    if data_root is None:
        return None
    parts = Path(path).parts
    first = 1 if Path(path).is_absolute() else 0
    tails = (Path(data_root, *parts[i:]) for i in range(first, len(parts)))
    return next((tail for tail in tails if tail.is_file()), None)
