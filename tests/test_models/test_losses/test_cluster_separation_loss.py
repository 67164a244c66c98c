"""Tests of the cluster and separation costs."""

import pytest
import torch
from golden import golden

from mmproto.models.losses import ClusterLoss, SeparationLoss


def clipped(loss, case, looked_at):
    """ProtoPNet's form of a cost, from the loss that training runs.

    Its ``M - max (M - d)`` stops at M, and is M for a sample without any
    prototype to look at. A sample is an image of one pixel here.
    """
    distances, labels = case.input('min_distances'), case['in_labels']
    ceiling = case['out_max_dist'].item()
    without = (looked_at.sum(0) == 0)[labels].sum()
    value = loss(
        distances.clamp(max=ceiling)[:, :, None, None],
        labels[:, None, None],
        case['in_class_identity'],
    )
    value = value * (len(labels) - without) + ceiling * without
    value = value / len(labels)
    value.backward()
    return value, distances.grad


@golden('protopnet_cluster_separation')
def test_golden_cluster(case):
    identity = case['in_class_identity'].bool()
    value, grad = clipped(ClusterLoss(loss_weight=1), case, identity)
    case.check(value, 'out_cluster')
    case.check_grad(grad, 'grad_cluster_min_distances')


@golden('protopnet_cluster_separation')
def test_golden_separation(case):
    identity = case['in_class_identity'].bool()
    loss = SeparationLoss(loss_weight=1)
    value, grad = clipped(lambda *x: -loss(*x), case, ~identity)
    case.check(value, 'out_separation')
    case.check_grad(grad, 'grad_separation_min_distances')


def pixel_loop(distances, labels, identity, own):
    """Mean over pixels of the smallest wanted distance."""
    values = []
    for image, row, column in torch.cartesian_prod(
        *[torch.arange(size) for size in labels.shape]
    ).tolist():
        label = int(labels[image, row, column])
        if label == 255:
            continue
        wanted = [
            float(distances[image, p, row, column])
            for p in range(len(identity))
            if bool(identity[p, label]) == own
        ]
        values += [min(wanted)] if wanted else []
    return sum(values) / len(values)


@pytest.fixture
def pixels():
    torch.manual_seed(0)
    distances = torch.rand(2, 6, 4, 5, dtype=torch.float64) * 9
    labels = torch.randint(0, 4, (2, 4, 5))
    labels[0, 1] = 255
    identity = torch.zeros(6, 4, dtype=torch.bool)  # class 3 has none
    identity[torch.arange(6), torch.tensor([0, 0, 0, 1, 2, 2])] = True
    return distances, labels, identity


def test_cluster_module_equals_a_loop_over_pixels(pixels):
    loss = ClusterLoss(loss_weight=0.8)(*pixels)
    assert loss.item() == pytest.approx(0.8 * pixel_loop(*pixels, own=True))


def test_separation_module_is_minus_a_loop_over_pixels(pixels):
    loss = SeparationLoss(loss_weight=0.08)(*pixels)
    expected = -0.08 * pixel_loop(*pixels, own=False)
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize('module', [ClusterLoss(), SeparationLoss()])
def test_nothing_to_compare_gives_zero_and_a_zero_gradient(module):
    distances = torch.rand(1, 2, 3, 3, requires_grad=True)
    labels = torch.full((1, 3, 3), 255)
    loss = module(distances, labels, torch.eye(2).bool())
    loss.backward()
    assert loss.item() == 0
    assert not distances.grad.any()


def test_separation_of_a_single_class_is_zero():
    distances = torch.rand(1, 2, 3, 3)
    labels = torch.zeros(1, 3, 3, dtype=torch.long)
    identity = torch.ones(2, 1, dtype=torch.bool)
    assert SeparationLoss()(distances, labels, identity).item() == 0
