"""Backends get the pixels that matplotlib itself writes to a file."""

import sys
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import VISUALIZERS, DefaultScope
from mmengine.structures import PixelData
from mmengine.visualization import Visualizer
from mmseg.engine.hooks import SegVisualizationHook
from mmseg.structures import SegDataSample

from mmproto.explanations.concepts import Concept
from mmproto.explanations.explanation import ConceptEvidence, Explanation
from mmproto.visualization import PrototypeVisualizer
from mmproto.visualization.concept_pages import draw_pages
from mmproto.visualization.prototype_visualizer import picture_names
from mmproto.visualization.sheet import draw_sheet

CLASSES = ['road', 'wall']
CONCEPTS = [Concept(i, [('road', 1.5)], 0.1, 0.2, []) for i in range(9)]


@pytest.fixture
def make(tmp_path):
    """Builds visualizers as the runner does."""

    def build(*backends):
        cfg = dict(
            type='mmproto.PrototypeVisualizer',
            vis_backends=[dict(type=backend) for backend in backends],
            name=uuid4().hex,  # those of one name are one
            save_dir=str(tmp_path),
        )
        with DefaultScope.overwrite_default_scope('mmseg'):
            return VISUALIZERS.build(cfg)

    return build


@pytest.fixture
def explanation():
    """Of a strongly coloured image, where red and blue differ."""
    rng = np.random.default_rng(0)
    pixels = np.full((32, 48, 3), (200, 30, 5), np.uint8)
    weights = np.array([[2.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    activations = np.array([0.6, 0.3, 0.1])
    return Explanation(
        image='image.png',
        pixels=pixels,
        point=(10, 20),
        prediction=np.zeros((32, 48), int),
        classes=CLASSES,
        palette=[(90, 90, 90), (160, 70, 40)],
        evidence=weights @ activations,
        probabilities=np.array([0.8, 0.2]),
        activations=activations,
        class_weights=weights,
        coverage=0.95,
        concepts=[ConceptEvidence(0, 1, 2, rng.random((32, 48)))],
        notes=['a note'],
    )


def saved(figure, folder):
    """RGB pixels of a figure, by way of matplotlib's own file."""
    path = Path(folder) / f'{uuid4().hex}.png'
    figure.savefig(path)
    return read(path)


def read(path):
    return cv2.imread(str(path))[..., ::-1]


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
    """Pixels of the pages of CONCEPTS."""
    folder = tmp_path_factory.mktemp('pages')
    return [saved(page, folder) for page in draw_pages(CONCEPTS, CLASSES)]


def pictures(folder):
    """Names and RGB pixels of all pictures below `vis_image`."""
    root = Path(folder) / 'vis_data' / 'vis_image'
    return {
        str(path.relative_to(root)): read(path) for path in root.rglob('*.*')
    }


def test_local_files(make, explanation, pages, tmp_path):
    visualizer = make('LocalVisBackend')
    visualizer.add_explanation('explanation/a', explanation, 7)
    visualizer.add_concepts('concepts', CONCEPTS, CLASSES, 7)
    found = pictures(tmp_path)
    expected = {
        'explanation/a_7.png': saved(draw_sheet(explanation), tmp_path),
        'concepts/01_7.png': pages[0],
        'concepts/02_7.png': pages[1],
    }
    assert found.keys() == expected.keys()
    for name, pixels in expected.items():
        assert np.array_equal(found[name], pixels), name
    sheet = found['explanation/a_7.png']
    assert (sheet == (5, 30, 200)).all(axis=2).sum() > 1000


def test_tensorboard(make, explanation, pages, tmp_path):
    pytest.importorskip('tensorboard', reason='tensorboard is not installed')
    from tensorboard.backend.event_processing.event_accumulator import (
        EventAccumulator,
    )

    visualizer = make('TensorboardVisBackend')
    for step in (3, 6):
        visualizer.add_explanation('explanation/a', explanation, step)
    visualizer.add_concepts('concepts', CONCEPTS, CLASSES, 6)
    visualizer.close()
    events = EventAccumulator(str(tmp_path / 'vis_data'))
    events.Reload()
    tags = ['concepts/01', 'concepts/02', 'explanation/a']
    assert sorted(events.Tags()['images']) == tags
    expected = [*pages, saved(draw_sheet(explanation), tmp_path)]
    for tag, steps, picture in zip(tags, ([6], [6], [3, 6]), expected):
        images = events.Images(tag)
        assert [image.step for image in images] == steps
        data = np.frombuffer(images[-1].encoded_image_string, np.uint8)
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
        assert np.array_equal(pixels, picture), tag


def test_weights_and_biases(make, explanation, pages, tmp_path, monkeypatch):
    """A stand-in for the package, which wants an account or a server."""
    logged = {}
    wandb = SimpleNamespace(
        init=lambda **_: None,
        Image=lambda pixels: pixels.copy(),
        log=lambda data, commit: logged.update(data),
        join=lambda: None,
    )
    monkeypatch.setitem(sys.modules, 'wandb', wandb)
    visualizer = make('WandbVisBackend')
    visualizer.add_explanation('explanation/a', explanation, 3)
    visualizer.add_concepts('concepts', CONCEPTS, CLASSES, 3)
    expected = [*pages, saved(draw_sheet(explanation), tmp_path)]
    tags = ['concepts/01', 'concepts/02', 'explanation/a']
    assert sorted(logged) == tags
    for tag, picture in zip(tags, expected):
        assert np.array_equal(logged[tag], picture), tag


def test_other_ranks_do_not_draw(make, explanation, tmp_path, monkeypatch):
    visualizer = make('LocalVisBackend')
    monkeypatch.setattr('mmengine.dist.utils.get_rank', lambda *_: 1)
    monkeypatch.setattr(
        'mmproto.visualization.sheet.draw_sheet',
        lambda _: pytest.fail('draws where nothing is shown'),
    )
    visualizer.add_explanation('explanation/a', explanation, 7)
    visualizer.add_concepts('concepts', CONCEPTS, CLASSES, 7)
    assert not pictures(tmp_path)


def test_hooks_of_mmseg_find_and_use_it(make, tmp_path, tiny_data):
    visualizer = make('LocalVisBackend')
    assert Visualizer.get_current_instance() is visualizer
    visualizer.dataset_meta = dict(
        classes=CLASSES, palette=[(90, 90, 90), (160, 70, 40)]
    )
    image = next(tiny_data.rglob('val/town/*_leftImg8bit.png'))
    sample = SegDataSample(metainfo=dict(img_path=str(image)))
    labels = PixelData(data=torch.ones(1, 64, 96, dtype=torch.int64))
    sample.gt_sem_seg = sample.pred_sem_seg = labels
    hook = SegVisualizationHook(draw=True, interval=1)
    runner = type('Runner', (), dict(iter=4))
    hook.after_val_iter(runner, 0, {}, [sample])
    assert list(pictures(tmp_path)) == [f'val_{image.name}_4.png']
    assert isinstance(visualizer, PrototypeVisualizer)


def test_pictures_of_equal_stems_get_names_of_their_own():
    paths = ['x/a.png', 'x/b.jpg', 'y/a.png']
    names = picture_names('explanation', paths)
    assert names == ['explanation/a_01', 'explanation/b', 'explanation/a_03']
