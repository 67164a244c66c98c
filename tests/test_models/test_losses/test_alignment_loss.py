"""Tests of the alignment of two views."""

import math

import pytest
import torch
from golden import golden

from mmproto.models.losses import (
    AlignmentLoss,
    alignment_loss,
    one_sided_alignment,
)


@golden('pipnet_align_loss')
def test_golden_pipnet_both_sides(case):
    features = case.input('proto_features')
    eps = case['in_eps'].item()
    loss = alignment_loss(*features.chunk(2), eps=eps)
    loss.backward()
    case.check(loss)
    case.check_grad(features.grad, 'grad_proto_features')


@golden('pipnet_align_loss')
def test_golden_pipnet_one_side(case):
    features = case.input('proto_features')
    eps = case['in_eps'].item()
    loss = one_sided_alignment(*features.chunk(2), eps=eps)
    loss.backward()
    case.check(loss, 'out_one_side')
    case.check_grad(features.grad, 'grad_one_side_proto_features')


@golden('reproseg_align_loss')
def test_golden_reproseg(case):
    inputs, targets = case.input('inputs'), case.input('targets')
    loss = one_sided_alignment(inputs, targets, eps=case['in_eps'].item())
    loss.backward()
    case.check(loss)
    case.check_grad(inputs.grad, 'grad_inputs')
    assert targets.grad is None


def test_module_is_the_mean_over_images_scales_and_pixels():
    torch.manual_seed(0)
    first, second = torch.randn(2, 2, 3, 5, 4, 3).double().softmax(3)
    total = 0.0
    for image in range(2):
        for scale in range(3):
            for row in range(4):
                for column in range(3):
                    dot = sum(
                        float(first[image, scale, k, row, column])
                        * float(second[image, scale, k, row, column])
                        for k in range(5)
                    )
                    total -= math.log(dot + 1e-6)
    loss = AlignmentLoss(loss_weight=2.0)(first, second)
    assert loss.item() == pytest.approx(2 * total / (2 * 3 * 4 * 3))


def test_disjoint_views_give_a_bounded_gradient():
    first = torch.tensor([1.0, 0.0]).view(1, 1, 2, 1, 1).requires_grad_()
    second = torch.tensor([0.0, 1.0]).view(1, 1, 2, 1, 1)
    AlignmentLoss(eps=1e-3)(first, second).backward()
    assert first.grad.abs().max().item() == pytest.approx(0.5 / 1e-3)


def test_views_of_different_size_are_refused():
    views = torch.rand(1, 1, 2, 3, 3), torch.rand(1, 1, 2, 3, 4)
    with pytest.raises(ValueError, match='same shape'):
        AlignmentLoss()(*views)
