"""Packages that are built from what git knows."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# pip calls these hooks, in the folder of the project
BUILD = 'from setuptools import build_meta; build_meta.build_{}("dist")'


@pytest.fixture(scope='session')
def tracked():
    """Relative paths of the files that git knows."""
    if not (ROOT / '.git').exists():
        pytest.skip('this is no clone: nothing says what belongs to it')
    listed = subprocess.run(
        ['git', 'ls-files', '-z'],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split('\0')[:-1]
    return {name for name in listed if (ROOT / name).exists()}


@pytest.fixture(scope='module')
def checkout(tracked, tmp_path_factory):
    """A copy of these files, as a fresh clone has them."""
    copy = tmp_path_factory.mktemp('checkout')
    for name in tracked:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope='module')
def build(checkout):
    """Runs a build hook in the copy; the one file that it has made."""

    def run(kind, before=''):
        shutil.rmtree(checkout / 'dist', ignore_errors=True)
        (checkout / 'dist').mkdir()
        subprocess.run(
            [sys.executable, '-c', before + BUILD.format(kind)],
            cwd=checkout,
            check=True,
            capture_output=True,
        )
        (built,) = (checkout / 'dist').iterdir()
        return built

    return run
