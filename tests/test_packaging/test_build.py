"""What a wheel and an editable install put where mmengine and mim look."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ('configs', 'tools', 'model-index.yml')
SOURCES = ('mmproto', 'setup.py', 'pyproject.toml', 'MANIFEST.in', 'LICENSE')
# pip calls these hooks, in the folder of the project
BUILD = 'from setuptools import build_meta; build_meta.build_{}("dist")'
NO_LINKS = """
import pathlib
def refuse(*args):
    raise OSError('links are not allowed here')
pathlib.Path.symlink_to = refuse
"""


def ignored(folder, names):
    """Leave out what Python or an install has put into the checkout."""
    return {'__pycache__', '.mim'} & set(names)


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """A copy of the files that a package is built from."""
    copy = tmp_path_factory.mktemp('checkout')
    for name in (*SHIPPED, *SOURCES):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, copy / name)
    return copy


def build(checkout, kind, before=''):
    """Run a build hook, and return the one file that it has made."""
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


def source_files(checkout):
    """Relative paths of the files that `.mim` has to hold."""
    names = {'model-index.yml'}
    for folder in ('configs', 'tools'):
        for path in (checkout / folder).rglob('*'):
            if path.is_file():
                names.add(path.relative_to(checkout).as_posix())
    return names


def test_wheel_holds_configs_tools_and_schemas(checkout):
    gone = checkout / 'configs' / 'gone.py'
    gone.write_text('')
    build(checkout, 'wheel')
    gone.unlink()
    # a second build must not ship what the first has left behind
    with ZipFile(build(checkout, 'wheel')) as archive:
        files = {info.filename: info for info in archive.infolist()}

    mim = 'mmproto/.mim/'
    packed = {name[len(mim) :] for name in files if name.startswith(mim)}
    assert packed == source_files(checkout)
    script = files[f'{mim}tools/dist_train.sh']
    assert script.external_attr >> 16 & 0o111
    schemas = (checkout / 'mmproto' / 'schemas').glob('*.json')
    assert {f'mmproto/schemas/{path.name}' for path in schemas} <= set(files)
    page = checkout / 'mmproto' / 'visualization' / 'page'
    parts = {f'mmproto/visualization/page/{p.name}' for p in page.iterdir()}
    assert parts <= set(files)
    tops = {name.split('/')[0] for name in files}
    assert {top for top in tops if '.dist-info' not in top} == {'mmproto'}


def test_source_archive_holds_what_is_built_from(checkout):
    with tarfile.open(build(checkout, 'sdist')) as archive:
        names = {name.partition('/')[2] for name in archive.getnames()}
    assert source_files(checkout) | {'LICENSE', 'setup.py'} <= names
    assert not any(name.startswith('mmproto/.mim') for name in names)


@pytest.mark.parametrize('links', [True, False])
def test_editable_install_makes_mim(checkout, links):
    build(checkout, 'editable', before='' if links else NO_LINKS)
    for name in SHIPPED:
        placed = checkout / 'mmproto' / '.mim' / name
        assert placed.is_symlink() == links
        if links:
            # relative, so that the checkout may be moved
            assert not os.path.isabs(os.readlink(placed))
            assert placed.samefile(checkout / name)
    placed = checkout / 'mmproto' / '.mim' / 'configs'
    assert sorted(os.listdir(placed)) == sorted(
        os.listdir(checkout / 'configs')
    )


def test_model_index_lists_every_config():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    listed = []
    for path in index['Import']:
        models = yaml.safe_load((ROOT / path).read_text())['Models']
        listed += [model['Config'] for model in models]
        assert all(model['Name'] in model['Config'] for model in models)
    configs = ROOT / 'configs'
    found = [*configs.glob('*.py'), *configs.glob('relatives/*.py')]
    assert sorted(listed) == sorted(str(p.relative_to(ROOT)) for p in found)
