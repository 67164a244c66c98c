"""What would fail after a validation is named before."""

import pytest
from mmengine.runner import Runner
from visualization_runs import hook_with

from mmproto.engine.hooks import PrototypeVisualizationHook


@pytest.mark.parametrize(
    'name', ['interval', 'images', 'concepts', 'training_images']
)
def test_numbers_below_one(name):
    with pytest.raises(ValueError, match=name):
        PrototypeVisualizationHook(**{name: 0})


def without_head(cfg):
    cfg.model.neck = None
    cfg.model.decode_head = dict(
        type='FCNHead',
        in_channels=128,
        in_index=3,
        channels=8,
        num_classes=4,
    )


@pytest.mark.parametrize(
    ('change', 'start', 'message'),
    [
        (
            lambda cfg: cfg.visualizer.update(type='SegLocalVisualizer'),
            Runner.val,
            "SegLocalVisualizer; .* visualizer = dict.type='mmproto.Prototype",
        ),
        (without_head, Runner.val, 'FCNHead; expected an mmproto.Prototype'),
        (lambda cfg: cfg.pop('test_pipeline'), Runner.train, 'test_pipeline'),
    ],
)
def test_mistakes_are_named_at_the_start(
    train, tiny_config, change, start, message
):
    tiny_config.visualizer.type = 'mmproto.PrototypeVisualizer'
    change(tiny_config)
    kind = {'visualizer.type': tiny_config.visualizer.type}
    with pytest.raises(ValueError, match=message):
        train(hook_with(), start=start, **kind)
