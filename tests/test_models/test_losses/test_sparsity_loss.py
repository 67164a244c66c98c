"""Tests of the sparsity of the classifier."""

import pytest
import torch
from golden import golden

from mmproto.models.losses.sparsity_loss import SparsityLoss, sparsity_loss


@golden('protopnet_l1')
def test_golden_l1_masked(case):
    weights = case.input('last_layer_weight')
    loss = sparsity_loss(weights, case['in_class_identity'])
    loss.backward()
    case.check(loss, 'out_l1_masked')
    case.check_grad(weights.grad, 'grad_masked_last_layer_weight')


@golden('protopnet_l1')
def test_golden_l1_unmasked(case):
    weights = case.input('last_layer_weight')
    loss = SparsityLoss(loss_weight=1.0)(weights)
    loss.backward()
    case.check(loss, 'out_l1_unmasked')
    case.check_grad(weights.grad, 'grad_unmasked_last_layer_weight')


def test_spare_own_class_leaves_out_the_largest_weights():
    weights = torch.tensor([[3.0, 0.5, 0.0], [1.0, 2.0, 0.25]])
    loss = SparsityLoss(loss_weight=0.5, spare_own_class=True)(weights)
    assert loss.item() == pytest.approx(0.5 * (1.0 + 0.5))
