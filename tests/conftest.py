"""Fixtures: a tiny street-like data set, config, model and checkpoint."""

import os
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, save_checkpoint
from mmengine.runner.checkpoint import weights_to_cpu
from mmengine.visualization import Visualizer

TINY = Path(__file__).parent / 'data' / 'tiny_config.py'
TOOLS = Path(__file__).parents[1] / 'tools'
CLASSES = ('road', 'wall', 'car', 'sign')
COLOURS = np.array([[90, 90, 90], [40, 70, 160], [200, 60, 60], [60, 200, 90]])


def pytest_configure(config):
    """Keep small tensors on one thread: two threads only wait here."""
    torch.set_num_threads(1)
    os.environ.setdefault('OMP_NUM_THREADS', '1')


@pytest.hookimpl(hookwrapper=True)
def pytest_collect_file():
    """Look for examples in the package only: helpers are imported once."""
    outcome = yield
    found = outcome.get_result()
    outcome.force_result(
        [each for each in found if type(each).__name__ != 'DoctestModule']
    )


def _draw(rng, height=64, width=96):
    """Draw road below a wall, with a car and a sign at random places."""
    labels = np.ones((height, width), np.uint8)
    labels[height // 2 :] = 0
    for label, size in ((2, 20), (3, 10)):
        y = int(rng.integers(0, height - size))
        x = int(rng.integers(0, width - size))
        labels[y : y + size, x : x + size] = label
    noise = rng.normal(0, 12, (height, width, 3))
    image = np.clip(COLOURS[labels] + noise, 0, 255).astype(np.uint8)
    labels[0, 0] = 255  # every image has a void pixel
    return image, labels


@pytest.fixture(autouse=True)
def visualizers_of_its_own():
    """mmengine keeps visualizers, which write into the folder of their run."""
    yield
    kinds = [Visualizer]
    for kind in kinds:
        kinds += kind.__subclasses__()
        kind._instance_dict.clear()


@pytest.fixture(scope='session')
def tiny_data(tmp_path_factory):
    """Folder of 6 train and 3 val images (64x96) in Cityscapes layout."""
    root = tmp_path_factory.mktemp('tiny_data')
    rng = np.random.default_rng(0)
    for split, number in (('train', 6), ('val', 3)):
        images = root / 'leftImg8bit' / split / 'town'
        masks = root / 'gtFine' / split / 'town'
        images.mkdir(parents=True)
        masks.mkdir(parents=True)
        for index in range(number):
            image, labels = _draw(rng)
            name = f'town_{index:06d}_000019'
            cv2.imwrite(str(images / f'{name}_leftImg8bit.png'), image)
            mask = masks / f'{name}_gtFine_labelTrainIds.png'
            cv2.imwrite(str(mask), labels)
    return root


@pytest.fixture
def tiny_config(tiny_data, tmp_path):
    """Config of a small ResNet-18 model on ``tiny_data``, 4 iterations."""
    cfg = Config.fromfile(TINY)
    cfg.work_dir = str(tmp_path / 'work')
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[loader].dataset.data_root = str(tiny_data)
    return cfg


@pytest.fixture
def tiny_model(tiny_config):
    """Segmentor of ``tiny_config`` with fixed weights, in eval mode."""
    from mmseg.registry import MODELS

    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(tiny_config.model)
    model.init_weights()
    model.cfg = tiny_config
    model.dataset_meta = dict(
        classes=CLASSES, palette=COLOURS[:, ::-1].tolist()
    )
    return model.eval()


@pytest.fixture
def trained(tiny_model, tiny_config, tmp_path):
    """Config file and checkpoint of the tiny model."""
    config, checkpoint = tmp_path / 'config.py', tmp_path / 'model.pth'
    tiny_config.dump(config)
    weights = tiny_model.decode_head.conv_seg.weight
    with torch.no_grad():
        weights[:, 6, 0, 0] = torch.tensor([12.29, 3.68, -1.0, 1.29])
    meta = dict(dataset_meta=tiny_model.dataset_meta, epoch=1, iter=4)
    weights = weights_to_cpu(tiny_model.state_dict())
    save_checkpoint(
        dict(meta=meta, state_dict=weights, optimizer={}), str(checkpoint)
    )
    return str(config), str(checkpoint)


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a tool as a script; the lines that it prints."""

    def call(tool, *arguments):
        path = TOOLS / tool
        argv = [str(path), *map(str, arguments)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, 'argv', argv)
            patch.syspath_prepend(str(path.parent))
            capsys.readouterr()
            runpy.run_path(str(path), run_name='__main__')
        return capsys.readouterr().out.splitlines()

    return call


@pytest.fixture
def image(tiny_data):
    """Path of a validation image."""
    folder = tiny_data / 'leftImg8bit' / 'val' / 'town'
    return str(sorted(folder.iterdir())[1])


@pytest.fixture
def loader(tiny_config):
    """Builds the loader of a projection, with changes."""
    from mmproto.datasets.plain_loader import projection_dataloader

    def build(**changes):
        cfg = projection_dataloader(tiny_config)
        cfg.update(changes)
        return Runner.build_dataloader(cfg)

    return build


@pytest.fixture
def projected(tiny_model, loader):
    """The tiny model with a record, as ``init_model`` would give it."""
    from mmproto.prototypes.projection import project_prototypes

    record = project_prototypes(tiny_model, loader(), topk=3)
    tiny_model.dataset_meta['projection'] = record
    return tiny_model


@pytest.fixture
def surrogate(tiny_config, loader):
    """A concept model that stands in for another one, with a record."""
    from surrogates import black_box, build_surrogate

    from mmproto.prototypes.projection import project_prototypes

    model = build_surrogate(tiny_config, black_box())
    record = project_prototypes(model, loader(), topk=3)
    model.dataset_meta['projection'] = record
    return model
