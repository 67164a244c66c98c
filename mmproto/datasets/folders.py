"""Data set folders that are either complete or not there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Fill a temporary folder that becomes `out` when all went well.

    Args:
        out: The folder to make.

    Yields:
        A new, empty folder beside it.

    Raises:
        ValueError: If `out` exists and is not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(
            f'{out} exists and is not empty; expected a new folder, so that '
            'no two data sets mix: delete it or choose another --out.'
        )
    partial = out.with_name(f'.{out.name}.partial')
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if out.exists():
            out.rmdir()
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
