"""Build step that packs configs and tools into `mmproto/.mim`.

mmengine and mim look there for them. The usual recipe of OpenMMLab hangs on
the `develop` command, which `pip install -e` no longer runs; `build_py` runs
for wheels and for editable installs alike. Metadata is in pyproject.toml.
"""

import os
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ('configs', 'tools', 'model-index.yml')


class BuildPy(build_py):
    """Build the package together with its `.mim` folder."""

    def run(self):
        super().run()
        base = ROOT if self.editable_mode else Path(self.build_lib)
        mim = base / 'mmproto' / '.mim'
        # what a build before this one left would be shipped again
        shutil.rmtree(mim, ignore_errors=True)
        mim.mkdir(parents=True)
        for name in SHIPPED:
            place(ROOT / name, mim / name, link=self.editable_mode)


def place(source, target, link):
    """Link `target` to `source`, or copy it where links are not allowed."""
    if link:
        try:
            target.symlink_to(os.path.relpath(source, target.parent))
            return
        except OSError:
            pass
    if source.is_dir():
        shutil.copytree(
            source, target, ignore=shutil.ignore_patterns('__pycache__')
        )
    else:
        shutil.copy2(source, target)


setup(cmdclass={'build_py': BuildPy})
