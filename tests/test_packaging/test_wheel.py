"""The installed package alone: no checkout on the path, an empty folder.

The environment is new but for its big dependencies, which are those of the
environment of the tests; their folder comes after its own on the path, and
without the `.pth` files in it, which would bring the checkout back.
"""

import json
import os
import subprocess
import sys
import venv

import pytest

DEPENDENCIES = [
    path for path in sys.path if path.endswith(('site-packages', '-packages'))
]
# Says where mmproto is, and what of it cannot be imported or was elsewhere.
IMPORT_ALL = """
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
import mmproto
home = Path(mmproto.__file__).parent
names = [m.name for m in walk_packages(mmproto.__path__, 'mmproto.')]
for name in names:
    module = import_module(name)
    assert home in Path(module.__file__).parents, module.__file__
files = {
    '.'.join(path.relative_to(home.parent).with_suffix('').parts)
    for path in home.rglob('*.py')
    if '.mim' not in path.parts
}
assert {f.removesuffix('.__init__') for f in files} == {'mmproto', *names}
here = [path for path in sys.path if Path(path, 'mmproto').is_dir()]
print(home, here == [str(home.parent)], len(names) > 200)
"""
CONFIG = """
_base_ = 'mmproto::proto_street_toy.py'
data = dict(data_root='scenes')
train_dataloader = dict(batch_size=2, dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)
model = dict(backbone=dict(init_cfg=None))
train_cfg = dict(max_iters=8)
"""


@pytest.fixture(scope='module')
def installed(build, tmp_path_factory):
    """Folder of the programs of an environment with the wheel."""
    folder = tmp_path_factory.mktemp('environment')
    venv.create(folder, with_pip=False, symlinks=True)
    programs = folder / ('Scripts' if os.name == 'nt' else 'bin')
    pip = [sys.executable, '-m', 'pip', '--python', programs / 'python']
    # before the dependencies: pip must not find the checkout's mmproto
    subprocess.run(
        [*pip, 'install', '--no-deps', '--no-index', build('wheel')],
        check=True,
        capture_output=True,
    )
    (packages,) = folder.rglob('site-packages')
    (packages / 'dependencies.pth').write_text('\n'.join(DEPENDENCIES))
    return programs


@pytest.fixture
def call(installed, tmp_path, monkeypatch):
    """Runs a program of the environment in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(program, *arguments):
        done = subprocess.run(
            [installed / program, *arguments], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


def test_every_module_is_there_and_can_be_imported(call, installed):
    lines = call('python', '-c', IMPORT_ALL).stdout.splitlines()
    home, *answers = lines[-1].split()
    assert home.startswith(str(installed.parent))
    assert answers == ['True', 'True']


@pytest.mark.smoke
def test_a_config_of_mmseg_by_its_name(call, tmp_path):
    base = 'mmseg::fastscnn/fast_scnn_8xb4-160k_cityscapes-512x1024.py'
    (tmp_path / 'mine.py').write_text(f"_base_ = '{base}'")
    read = (
        'import mmproto; from mmengine.config import Config; '
        "print(Config.fromfile('mine.py').model.backbone.type)"
    )
    assert call('python', '-c', read).stdout.splitlines()[-1] == 'FastSCNN'


@pytest.mark.smoke
def test_draw_train_and_explain(call, tmp_path):
    size = ('--size', '64', '128')
    call('mmproto', 'draw-scenes', '--out', 'scenes', '--train', '4',
         '--val', '2', *size)  # fmt: skip
    (tmp_path / 'mine.py').write_text(CONFIG)
    done = call('mmproto', 'train', 'mine.py')
    assert 'Could not import OneDL' not in done.stdout
    assert 'MultiScaleDeformableAttention' not in done.stderr
    model = 'mine.py', 'work_dirs/mine/iter_8.pth'
    image = str(next((tmp_path / 'scenes/leftImg8bit/val').rglob('*.png')))

    done = call('mmproto', 'explain', *model, image, '--out', 'why')
    assert done.stdout.splitlines()[-1] == 'why/explanation.png'
    assert done.stderr == ''
    record = json.loads((tmp_path / 'why' / 'explanation.json').read_text())
    assert record['concepts'][0]['patches']  # from the projection

    call('python', '-m', 'mmproto', 'explain', *model, image,
         '--out', 'page.html')  # fmt: skip
    page = (tmp_path / 'page.html').read_text()
    assert page.startswith('<!doctype html>')
    assert '{% ' not in page and page.rstrip().endswith('</html>')
