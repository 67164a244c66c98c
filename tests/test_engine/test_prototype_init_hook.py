"""PrototypeInitHook in a real training."""

from dataclasses import asdict

import pytest
import torch
from mmengine.runner import Runner

from mmproto.engine.hooks import PrototypeInitHook, prototype_init_hook


@pytest.fixture
def calls(monkeypatch):
    """Iterations at which the hook clustered."""
    seen = []
    original = prototype_init_hook.init_prototypes

    def init(model, loader, options):
        original(model, loader, options)
        vectors = model.decode_head.prototype_layer.vectors
        seen.append(vectors.detach().clone())

    monkeypatch.setattr(prototype_init_hook, 'init_prototypes', init)
    return seen


def make_runner(cfg, name, **changes):
    cfg = cfg.copy()
    cfg.custom_hooks = [dict(type='mmproto.PrototypeInitHook', begin=2)]
    cfg.experiment_name = f'init-{name}-{id(cfg)}'
    cfg.update(changes)
    return Runner.from_cfg(cfg)


def test_clusters_once_before_its_iteration(tiny_config, calls):
    tiny_config.param_scheduler = []
    tiny_config.optim_wrapper.optimizer.lr = 0.0
    tiny_config.optim_wrapper.optimizer.weight_decay = 0.0
    runner = make_runner(tiny_config, 'once')
    runner.train()
    assert len(calls) == 1
    head = runner.model.decode_head
    # learning rate zero: what clustering left is what training ends with
    assert torch.equal(head.prototype_layer.vectors, calls[0])
    columns = head.class_weights.sum(dim=0)
    torch.testing.assert_close(columns, torch.ones(8))
    momentum = runner.optim_wrapper.optimizer.state
    assert head.prototype_layer.vectors in momentum  # made anew afterwards


def test_losses_forget_the_old_concepts(tiny_config, monkeypatch):
    tiny_config.model.decode_head.concept_losses = [
        dict(type='mmproto.PresenceLoss', decay=0.9, num_concepts=8)
    ]
    monkeypatch.setattr(
        prototype_init_hook, 'init_prototypes', lambda *args: None
    )
    runner = make_runner(tiny_config, 'forget')
    (loss,) = runner.model.decode_head.concept_losses
    loss.memory.fill_(1e6)
    runner.train()
    # 0.9 ** 4 of a million would be left after four iterations
    assert loss.memory.max() < 1e5


def test_resumed_training_does_not_cluster_again(tiny_config, calls):
    make_runner(tiny_config, 'first').train()
    tiny_config.train_cfg.max_iters = 6
    make_runner(tiny_config, 'second', resume=True).train()
    assert len(calls) == 1


def test_options_are_passed_on_and_checked_at_once():
    options = dict(
        pixels_per_class=3,
        latents_per_class=70,
        min_share=0.2,
        min_cell_purity=0.8,
        class_power=0.5,
        other_sizes=(0.5,),
        image_share=0.7,
        seed=4,
    )
    hook = PrototypeInitHook(begin=0, **options)
    assert asdict(hook.options) == options
    with pytest.raises(ValueError, match='class_power'):
        PrototypeInitHook(begin=0, class_power=-1)


def test_negative_begin_is_named():
    with pytest.raises(ValueError, match='begin'):
        PrototypeInitHook(begin=-1)
