"""The temperature is a function of the iteration."""

import pytest
import torch

from mmproto.engine.hooks.temperature_hook import (
    TemperatureHook,
    annealed_temperature,
)

LAYER = 'model.decode_head.prototype_layer'
FIXED = {
    LAYER: dict(
        type='mmproto.CosinePrototypes',
        temperature=0.3,
        learn_temperature=False,
    )
}


def anneal(start=0.2, end=0.05, begin=1, until=3, **kwargs):
    return dict(
        type='mmproto.TemperatureHook',
        start=start,
        end=end,
        begin=begin,
        until=until,
        **kwargs,
    )


def temperature(runner, outputs=None):
    return runner.model.decode_head.prototype_layer.temperature.item()


def test_each_step_divides_by_the_same_factor():
    value = 0.2
    for step in range(11):
        assert annealed_temperature(0.2, 0.05, step / 10) == pytest.approx(
            value, rel=1e-12
        )
        value /= 4**0.1


def test_its_own_then_geometric_then_the_end(build):
    runner = build(
        anneal(), look=temperature, **FIXED, **{'train_cfg.max_iters': 5}
    )
    runner.train()
    expected = [0.3, 0.2, 0.1, 0.05, 0.05]
    assert runner.recorder.seen == pytest.approx(expected, rel=1e-6)
    logged = runner.message_hub.get_scalar('train/temperature').data[0]
    assert logged.tolist() == pytest.approx(expected, rel=1e-6)


def test_resumed_in_the_middle(build):
    whole = build(
        anneal(), **FIXED, **{'default_hooks.checkpoint.interval': 2}
    )
    whole.train()
    resumed = build(
        anneal(),
        look=temperature,
        **FIXED,
        resume=True,
        load_from=f'{whole.work_dir}/iter_2.pth',
    )
    resumed.train()
    assert resumed.recorder.seen == pytest.approx([0.1, 0.05], rel=1e-6)
    state = torch.load(f'{whole.work_dir}/iter_2.pth', weights_only=False)
    saved = state['state_dict']['decode_head.prototype_layer.log_temperature']
    assert saved.exp().item() == pytest.approx(0.2, rel=1e-6)


def test_clusters_are_activated_at_the_new_temperature(build, monkeypatch):
    seen = []
    monkeypatch.setattr(
        'mmproto.engine.hooks.prototype_init_hook.init_prototypes',
        lambda model, *args: seen.append(
            model.decode_head.prototype_layer.temperature.item()
        ),
    )
    start = dict(type='mmproto.PrototypeInitHook', begin=1)
    build(start, anneal(), **FIXED, **{'train_cfg.max_iters': 3}).train()
    assert seen == pytest.approx([0.2], rel=1e-6)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(start=0.0), 'start must be a positive temperature, got 0.0'),
        (dict(end=-1.0), 'end must be a positive temperature, got -1.0'),
        (dict(end=float('nan')), 'end must be'),
        (dict(begin=3), 'begin=3, until=3'),
        (dict(begin=-1), 'begin=-1'),
    ],
)
def test_bad_options_are_named(options, message):
    values = dict(start=0.2, end=0.05, begin=1, until=3)
    with pytest.raises(ValueError, match=message):
        TemperatureHook(**(values | options))


@pytest.mark.parametrize(
    ('layer', 'message'),
    [
        (dict(type='mmproto.CosinePrototypes'), 'learn_temperature=False'),
        (
            dict(_delete_=True, type='mmproto.DistancePrototypes'),
            'the head has DistancePrototypes',
        ),
    ],
)
def test_layers_that_do_not_suit_are_refused(build, layer, message):
    with pytest.raises(ValueError, match=message):
        build(anneal(), **{LAYER: layer}).train()


def test_epochs_need_an_epoch_based_loop(build):
    with pytest.raises(ValueError, match='epoch-based'):
        build(anneal(by_epoch=True), **FIXED).train()
