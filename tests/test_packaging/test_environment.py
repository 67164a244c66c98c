"""What importing mmproto says and sets up, on any machine."""

import subprocess
import sys
from contextlib import contextmanager
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from pkgutil import walk_packages

import mmseg
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.utils import digit_version

import mmproto
from mmproto.utils import environment
from mmproto.utils.import_hook import around_import

# Imports mmproto on a machine without MODULES and with the metadata of
# DISTRIBUTIONS only.
OTHER_MACHINE = """
import sys
from importlib import metadata, util

modules, distributions = sys.argv[1].split(), sys.argv[2].split()
find_spec = util.find_spec

def find_less(name, *args):
    return None if name in modules else find_spec(name, *args)

def distribution(name):
    if name not in distributions:
        raise metadata.PackageNotFoundError(name)

util.find_spec, metadata.distribution = find_less, distribution
try:
    import mmproto
except ImportError as error:
    loaded = {'mmseg', 'mmcv', 'mmengine', 'torch'} & set(sys.modules)
    print(len(loaded), error)
"""


def import_elsewhere(modules='', distributions=''):
    """Number of heavy modules that were loaded, and what import said."""
    done = subprocess.run(
        [sys.executable, '-c', OTHER_MACHINE, modules, distributions],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.smoke
@pytest.mark.parametrize(
    ('modules', 'distributions', 'said'),
    [
        (
            'mmseg',
            'onedl-mmengine onedl-mmcv',
            'mmproto cannot find mmseg: run `pip install "mmproto[onedl]"`.',
        ),
        (
            'mmcv mmseg',
            'mmengine',
            'mmproto cannot find mmcv and mmseg: run '
            '`pip install "mmproto[openmmlab]"`.',
        ),
        (
            'torchvision',
            'onedl-mmsegmentation',
            'mmproto cannot find torchvision: run '
            '`pip install torch torchvision`.',
        ),
        (
            '',
            'onedl-mmengine onedl-mmsegmentation mmengine mmcv-lite',
            'Both onedl-mmengine, onedl-mmsegmentation and mmengine, '
            'mmcv-lite are installed and overwrite each other: run `pip '
            'uninstall -y onedl-mmengine onedl-mmsegmentation mmengine '
            'mmcv-lite`, then `pip install "mmproto[onedl]"`.',
        ),
    ],
)
def test_import_says_what_to_install(modules, distributions, said):
    assert import_elsewhere(modules, distributions) == f'0 {said}'


# Prints what is imported, in whatever order, and then what was set up.
ORDERS = """
import sys
from pathlib import Path
for name in sys.argv[1].split():
    __import__(name)
    print(name, sorted({'torch', 'mmengine', 'mmseg'} & set(sys.modules)))
from mmengine.config import Config
config = Path(sys.argv[2], 'user.py')
config.write_text("_base_ = 'mmproto::_base_/schedules/sgd_80k.py'")
print(len(Config.fromfile(config)) > 1)
import torch
from mmengine.logging import HistoryBuffer
allowed = getattr(torch.serialization, 'get_safe_globals', lambda: None)()
print(allowed is None or HistoryBuffer in allowed)
import mmengine
print(type(mmengine.__loader__).__name__, vars(mmengine.__loader__).keys())
print([each for each in sys.meta_path if 'mmproto' in type(each).__module__])
"""


@pytest.mark.smoke
@pytest.mark.parametrize(
    ('names', 'loaded'),
    [
        ('mmproto', ['[]']),
        ('mmproto mmproto.commands.explain', ['[]', '[]']),
        ('mmengine mmproto', ["['mmengine']", "['mmengine', 'torch']"]),
    ],
)
def test_set_up_in_any_order_of_imports(names, loaded, tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', ORDERS, names, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    expected = [' '.join(pair) for pair in zip(names.split(), loaded)]
    assert lines[: len(loaded)] == expected
    assert lines[len(loaded) :] == [
        *('True', 'True'),
        "SourceFileLoader dict_keys(['name', 'path'])",
        '[]',
    ]


def test_a_failed_import_is_acted_upon_when_it_is_tried_again(
    tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, 'meta_path', list(sys.meta_path))
    monkeypatch.delitem(sys.modules, 'late', raising=False)
    module = tmp_path / 'late.py'
    module.write_text('raise RuntimeError')
    acts = []

    @contextmanager
    def around():
        acts.append('before')
        yield
        acts.append(sys.modules['late'].value)

    around_import('late', around)
    with pytest.raises(RuntimeError):
        import_module('late')
    module.write_text('value = "after"')
    assert import_module('late').value == 'after'
    assert acts == ['before', 'before', 'after']
    around_import('late', lambda: pytest.fail('it is imported already'))
    import_module('late')


def test_a_missing_module_stays_missing(monkeypatch):
    monkeypatch.setattr(sys, 'meta_path', list(sys.meta_path))
    around_import('no_such_module', lambda: pytest.fail('it is not there'))
    with pytest.raises(ModuleNotFoundError, match='no_such_module'):
        import_module('no_such_module')


def test_api_is_there_however_it_is_imported():
    for module in walk_packages(mmproto.__path__, 'mmproto.'):
        if module.name != 'mmproto.__main__':
            import_module(module.name)
    module = import_module('mmproto.explanations.explain')
    assert isfunction(mmproto.explain) and mmproto.explain is module.explain
    assert mmproto.Explanation is module.Explanation
    assert dir(mmproto) == sorted(mmproto.__all__)
    assert all(callable(getattr(mmproto, n)) for n in dir(mmproto)[2:])
    star = {}
    exec('from mmproto import *', star)
    assert {*mmproto.__all__} <= {*star}


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match='no_such_name'):
        mmproto.no_such_name  # noqa: B018 - the access is the test


ZOO = 'fastscnn/fast_scnn_8xb4-160k_cityscapes-512x1024.py'


def without_scope(cfg):
    if isinstance(cfg, list):
        return [without_scope(part) for part in cfg]
    if not isinstance(cfg, dict):
        return cfg
    return {k: without_scope(v) for k, v in cfg.items() if k != '_scope_'}


@pytest.mark.smoke
@pytest.mark.parametrize('name', [ZOO, ZOO.removesuffix('.py')])
def test_bases_of_mmseg_resolve(name, tmp_path):
    config = tmp_path / 'user.py'
    config.write_text(f"_base_ = 'mmseg::{name}'\nlamp = _base_.model\n")
    cfg = Config.fromfile(config)
    # built by mmseg, whoever's default scope it is
    assert cfg.pop('lamp')['_scope_'] == cfg.model['_scope_'] == 'mmseg'
    folder = Path(mmseg.__file__).parent / '.mim' / 'configs'
    expected = Config.fromfile(folder / ZOO).to_dict()
    assert without_scope(cfg.to_dict()) == expected
    assert environment.config_path(f'mmseg::{name}') == folder / ZOO


@pytest.mark.smoke
@pytest.mark.parametrize(
    ('name', 'said'),
    [
        (ZOO.replace('fast_scnn', 'fast-scn'), f'near names are {ZOO}'),
        (ZOO.partition('/')[2], f'near names are {ZOO}.'),
        ('q.py', 'see the folders in '),
    ],
)
def test_unknown_config_of_mmseg_is_named_with_near_ones(name, said, tmp_path):
    config = tmp_path / 'user.py'
    config.write_text(f"_base_ = 'mmseg::{name}'\n")
    with pytest.raises(FileNotFoundError) as end:
        Config.fromfile(config)
    assert str(end.value).startswith(f"mmseg has no config '{name}'; {said}")
    assert len(str(end.value)) < 300


def test_configs_in_a_checkout_of_mmseg(tmp_path, monkeypatch):
    package, configs = tmp_path / 'mmseg', tmp_path / 'configs'
    for folder in (package, configs / 'fcn'):
        folder.mkdir(parents=True)
    (package / '__init__.py').touch()
    (configs / 'fcn' / 'a.py').touch()
    monkeypatch.delitem(sys.modules, 'mmseg')
    monkeypatch.syspath_prepend(str(tmp_path))
    found = environment.config_path('mmseg::fcn/a.py')
    assert found == configs / 'fcn' / 'a.py'


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """An installed package with one config, and none in a checkout."""
    package = tmp_path / 'site-packages' / 'mmproto'
    configs = package / '.mim' / 'configs' / '_base_'
    configs.mkdir(parents=True)
    (configs.parent / 'door.py').write_text(
        "_base_ = './_base_/room.py'\nlamp = dict(type='mmproto.Lamp')\n"
    )
    (configs / 'room.py').write_text("sofa = dict(type='Sofa')\n")
    monkeypatch.setattr(environment, 'PACKAGE_DIR', package)


def test_own_bases_resolve_without_scope(installed, tmp_path):
    config = tmp_path / 'user.py'
    config.write_text("_base_ = 'mmproto::door.py'\nlamp = dict(on=True)\n")
    cfg = Config.fromfile(config)
    # with a scope, mmseg's types in our configs would be looked for in ours
    assert cfg.to_dict() == dict(
        sofa=dict(type='Sofa'), lamp=dict(type='mmproto.Lamp', on=True)
    )


def test_unknown_config_is_named_with_the_known(installed):
    with pytest.raises(FileNotFoundError, match="'window.py'; it has door.py"):
        environment.config_path('mmproto::window.py')


def test_set_up_twice_changes_nothing():
    resolve = Config._get_cfg_path
    environment.set_up()
    assert Config._get_cfg_path is resolve


newer_torch = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6'),
    reason='this torch unpickles everything',
)


@newer_torch
@pytest.mark.smoke
def test_checkpoint_of_mmengine_loads_safely(tmp_path):
    # A load by the forks' mmengine, in an earlier test, takes its own list of
    # classes back, and what both lists have with it.
    environment._allow_checkpoint_classes()
    history = HistoryBuffer([0.5, 0.25], [1, 1])
    hub = dict(loss=history, best=np.float64(0.5), miou=np.float32(0.25))
    torch.save(hub, tmp_path / 'hub.pth')
    loaded = torch.load(tmp_path / 'hub.pth', weights_only=True)
    assert loaded['loss'].mean() == 0.375
    assert loaded['loss'].statistics('max') == 0.5
    assert (loaded['best'], loaded['miou']) == (0.5, 0.25)


class Getter:
    """Pickles as a call of getattr."""

    def __init__(self, owner, name):
        self.call = getattr, (owner, name)

    def __reduce__(self):
        return self.call


@newer_torch
@pytest.mark.parametrize(
    ('owner', 'name'), [(HistoryBuffer, '__init__'), (torch.Tensor, 'mean')]
)
def test_checkpoint_cannot_reach_elsewhere(tmp_path, owner, name):
    torch.save(Getter(owner, name), tmp_path / 'evil.pth')
    with pytest.raises(Exception, match=f'asks for {name!r}'):
        torch.load(tmp_path / 'evil.pth', weights_only=True)
