"""Tests of the alignment of two views."""

import math

import pytest
import torch
from golden import golden

from mmproto.models.losses.alignment_loss import (
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


def everywhere(views):
    return torch.ones(len(views), *views.shape[3:], dtype=torch.bool)


@pytest.mark.parametrize('shift', [0, 1, 2])
def test_module_is_the_mean_over_images_scales_and_cells(shift):
    torch.manual_seed(0)
    first, second = torch.randn(2, 2, 3, 5, 4, 3).double().softmax(3)
    shown = torch.rand(2, 4, 3) < 0.7
    total, count = 0.0, 0
    for image, row, column in shown.nonzero().tolist():
        for scale in range(3 - shift):
            dot = sum(
                float(first[image, scale, k, row, column])
                * float(second[image, scale + shift, k, row, column])
                for k in range(5)
            )
            total -= math.log(dot + 1e-6)
            count += 1
    loss = AlignmentLoss(loss_weight=2.0, scale_shift=shift)
    value = loss(first, second, shown)
    assert value.item() == pytest.approx(2 * total / count)


def test_nothing_shown_costs_nothing():
    views = torch.rand(2, 1, 2, 3, 4, 4)
    nowhere = ~everywhere(views[0])
    assert AlignmentLoss()(*views, nowhere).item() == 0


@pytest.mark.parametrize(
    ('shift', 'reason'), [(-1, 'at least 0'), (2, 'needs more scales')]
)
def test_a_shift_that_cannot_be_is_refused(shift, reason):
    views = torch.rand(2, 1, 2, 3, 4, 4)
    with pytest.raises(ValueError, match=reason):
        AlignmentLoss(scale_shift=shift)(*views)


def test_disjoint_views_give_a_bounded_gradient():
    first = torch.tensor([1.0, 0.0]).view(1, 1, 2, 1, 1).requires_grad_()
    second = torch.tensor([0.0, 1.0]).view(1, 1, 2, 1, 1)
    AlignmentLoss(eps=1e-3)(first, second).backward()
    assert first.grad.abs().max().item() == pytest.approx(0.5 / 1e-3)


def test_views_of_different_size_are_refused():
    views = torch.rand(1, 1, 2, 3, 3), torch.rand(1, 1, 2, 3, 4)
    with pytest.raises(ValueError, match='same shape'):
        AlignmentLoss()(*views)
