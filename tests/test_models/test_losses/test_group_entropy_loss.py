"""Tests of the entropy of prototype groups."""

import math

import pytest
import torch
from golden import golden

from mmproto.models.losses import GroupEntropyLoss


@golden('scaleprotoseg_entropy_group')
def test_golden_entropy_group(case):
    names = sorted(
        name[3:] for name in case.arrays if name.startswith('in_group_weight_')
    )
    weights = [case.input(name) for name in names]
    single = [w.shape[1] == 1 for w in weights]
    loss = GroupEntropyLoss()(weights)
    loss.backward()
    # the original is -inf where a class has one prototype; its value and
    # gradients over the other classes are means over fewer classes
    rest = 'out_loss_without_single'
    case.check(loss, rest if rest in case else 'out_loss')
    scale = len(weights) / (len(weights) - sum(single))
    for name, weight, alone in zip(names, weights, single):
        if alone:
            assert weight.grad is None
        else:
            case.check_grad(weight.grad, 'grad_' + name, scale)


def test_uniform_groups_have_entropy_one_and_one_hot_zero():
    uniform, one_hot = torch.full((2, 4), 0.25), torch.eye(4)[:2]
    loss = GroupEntropyLoss(loss_weight=3.0, eps=1e-12)
    assert loss([uniform]).item() == pytest.approx(3)
    assert loss([one_hot]).item() == pytest.approx(0, abs=1e-6)
    assert loss([uniform, one_hot]).item() == pytest.approx(1.5)


def test_every_group_weighs_the_same():
    torch.manual_seed(0)
    weights = [torch.randn(2, 3).softmax(1), torch.randn(3, 5).softmax(1)]
    entropies = [
        -sum(p * math.log(p + 1e-5) for p in row) / math.log(len(row))
        for weight in weights
        for row in weight.tolist()
    ]
    loss = GroupEntropyLoss()(weights)
    assert loss.item() == pytest.approx(sum(entropies) / 5)


def test_only_single_prototypes_give_zero_with_a_gradient():
    weight = torch.ones(3, 1, requires_grad=True)
    loss = GroupEntropyLoss()([weight])
    loss.backward()
    assert loss.item() == 0
    assert not weight.grad.any()


def test_no_groups_at_all_are_refused():
    with pytest.raises(ValueError, match='has no groups'):
        GroupEntropyLoss()([])
