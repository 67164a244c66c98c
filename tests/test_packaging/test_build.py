"""What a wheel and an editable install put where mmengine and mim look."""

import os
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ('configs', 'tools', 'model-index.yml')
SOURCES = ('mmproto', 'setup.py', 'pyproject.toml', 'MANIFEST.in', 'LICENSE')
NO_LINKS = """
import pathlib
def refuse(*args):
    raise OSError('links are not allowed here')
pathlib.Path.symlink_to = refuse
"""


def below(tracked, *tops):
    """Those of the files that are one of these or lie in one of them."""
    return {name for name in tracked if name.partition('/')[0] in tops}


def test_wheel_holds_what_git_knows(checkout, build, tracked):
    gone = checkout / 'configs' / 'gone.py'
    gone.write_text('')
    build('wheel')
    gone.unlink()
    # a second build must not ship what the first has left behind
    with ZipFile(build('wheel')) as archive:
        files = {info.filename: info for info in archive.infolist()}

    mim = 'mmproto/.mim/'
    packed = {name for name in files if '.dist-info/' not in name}
    expected = {mim + name for name in below(tracked, *SHIPPED)}
    assert packed == expected | below(tracked, 'mmproto')
    script = files[f'{mim}tools/dist_train.sh']
    assert script.external_attr >> 16 & 0o111


def test_source_archive_holds_what_is_built_from(build, tracked):
    with tarfile.open(build('sdist')) as archive:
        names = {
            member.name.partition('/')[2]
            for member in archive
            if member.isfile()
        }
    made = {'PKG-INFO', 'setup.cfg'}
    made |= {name for name in names if name.startswith('mmproto.egg-info/')}
    assert names - made == below(tracked, *SHIPPED, *SOURCES, 'README.md')


@pytest.mark.parametrize('links', [True, False])
def test_editable_install_makes_mim(checkout, build, links):
    build('editable', before='' if links else NO_LINKS)
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
