"""Weights of groups are on the simplex after every step."""

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmproto.registry import HOOKS


@HOOKS.register_module()
class RowSums(Hook):
    """Keeps what the weights of groups sum to, and their smallest."""

    priority = 'VERY_LOW'

    def __init__(self):
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        weight = runner.model.decode_head.concept_pooling.weight.detach()
        self.seen.append((weight.sum(dim=2), weight.clone()))


@pytest.fixture
def config(tiny_config, monkeypatch):
    monkeypatch.setattr(Runner, '_log_env', lambda *_: None)
    tiny_config.model.decode_head.update(
        num_concepts=8,
        prototypes_per_concept=2,
        prototype_layer=dict(_delete_=True, type='mmproto.DistancePrototypes'),
        classifier=dict(type='mmproto.ClassSpecificConv2d'),
        concept_pooling=dict(type='mmproto.SimplexGroups'),
        link='softmax',
    )
    head = tiny_config.model.decode_head
    head.prototype_layer = dict(type='mmproto.DistancePrototypes')
    return tiny_config


def test_every_step_ends_on_the_simplex(config):
    config.custom_hooks = [
        dict(type='mmproto.SimplexHook'),
        dict(type='mmproto.RowSums'),
    ]
    runner = Runner.from_cfg(config)
    runner.model.decode_head.prototype_layer.kept[1] = False
    runner.train()
    seen = next(h for h in runner.hooks if isinstance(h, RowSums)).seen
    assert len(seen) == 4
    for sums, weight in seen:
        torch.testing.assert_close(sums, torch.ones(4, 2))
        assert (weight >= 0).all() and (weight[0, :, 1] == 0).all()
    assert not torch.equal(seen[0][1], seen[-1][1])


def test_a_head_without_groups_is_refused(tiny_config, monkeypatch):
    monkeypatch.setattr(Runner, '_log_env', lambda *_: None)
    tiny_config.custom_hooks = [dict(type='mmproto.SimplexHook')]
    with pytest.raises(ValueError, match='SimplexGroups'):
        Runner.from_cfg(tiny_config).train()
