"""Tests of the balance of usage among the concepts of a class."""

import math

import pytest
import torch

from mmproto.models.losses import UsageBalanceLoss

SMALL = 1e-12  # an eps that does not show


def balance_loop(activations, labels, weights, threshold=0.0):
    """The definition, one pixel and one concept at a time."""
    terms = []
    for label, row in enumerate(weights.tolist()):
        members = [
            k for k, w in enumerate(row) if w > threshold * max(row) and w > 0
        ]
        places = (labels == label).nonzero().tolist()
        if len(members) < 2 or not places:
            continue
        usage = [
            sum(activations[n, k, h, w].item() for n, h, w in places)
            for k in members
        ]
        entropy = 0.0
        for value in usage:
            if value > 0:
                share = value / sum(usage)
                entropy -= share * math.log(share)
        terms.append(1 - entropy / math.log(len(members)))
    return sum(terms) / len(terms) if terms else 0.0


@pytest.fixture
def scene():
    """Activations (3,6,4,5) of softmax concepts, labels with void."""
    generator = torch.Generator().manual_seed(3)
    scores = torch.randn(3, 6, 4, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 5, (3, 4, 5), generator=generator)
    labels[labels == 4] = 255
    labels[labels == 3] = 0  # class 3 is absent
    weights = torch.rand(4, 6, generator=generator).mul(2).sub(1).relu()
    weights[2] = torch.eye(6)[1]  # one concept
    return (2 * scores).softmax(1), labels, weights.double()


@pytest.mark.parametrize('threshold', [0.0, 0.5])
def test_equals_the_loop(scene, threshold):
    activations, labels, weights = scene
    expected = balance_loop(activations, labels, weights, threshold)
    module = UsageBalanceLoss(0.3, threshold=threshold, eps=SMALL)
    loss = module(*scene)
    assert 0 < expected < 1
    assert loss.item() == pytest.approx(0.3 * expected, rel=1e-9)


def test_thresholds_differ(scene):
    values = [UsageBalanceLoss(threshold=t)(*scene) for t in (0, 0.5)]
    assert abs(values[0] - values[1]) > 1e-3


def test_even_use_is_zero_and_one_for_all_is_one():
    labels = torch.zeros(1, 2, 2, dtype=torch.long)
    # Each of four concepts has a pixel of its own; then one has all four.
    apart = torch.eye(4).view(1, 4, 2, 2)
    alone = torch.zeros(1, 4, 2, 2)
    alone[:, 2] = 1
    weights = torch.ones(1, 4)
    module = UsageBalanceLoss(eps=SMALL)
    assert module(apart, labels, weights).item() == pytest.approx(0, abs=1e-6)
    assert module(alone, labels, weights).item() == pytest.approx(1, abs=1e-6)


def test_concepts_of_absent_classes_are_not_asked_for():
    labels = torch.zeros(1, 2, 2, dtype=torch.long)
    weights = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    activations = torch.zeros(1, 4, 2, 2)
    activations[:, :2] = 0.5
    activations.requires_grad_()
    loss = UsageBalanceLoss()(activations, labels, weights)
    (loss + 0 * activations.sum()).backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert not activations.grad[:, 2:].any()


def test_gradient_is_the_numerical_one_and_spares_the_classifier(scene):
    activations, labels, weights = scene
    weights = weights.requires_grad_()
    module = UsageBalanceLoss()
    leaf = activations.detach()[:1].clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a: module(a, labels[:1], weights), [leaf]
    )
    module(leaf, labels[:1], weights).backward()
    assert weights.grad is None
    void = (labels[:1] == 255)[:, None].expand_as(leaf)
    assert void.any() and not leaf.grad[void].any()


def test_a_gradient_step_calls_for_the_unused():
    labels = torch.zeros(2, 3, 3, dtype=torch.long)
    scores = torch.zeros(2, 3, 3, 3)
    scores[:, 0] = 3
    scores.requires_grad_()
    module = UsageBalanceLoss()
    first = module(scores.softmax(1), labels, torch.ones(1, 3))
    (grad,) = torch.autograd.grad(first, scores)
    moved = (scores - grad).softmax(1)
    assert module(moved, labels, torch.ones(1, 3)) < first
    assert moved[:, 1:].mean() > scores.softmax(1)[:, 1:].mean()


@pytest.mark.parametrize(
    ('labels', 'weights'),
    [(255, torch.ones(2, 3)), (0, torch.zeros(2, 3)), (0, torch.eye(2, 3))],
    ids=['void only', 'no concept', 'one concept a class'],
)
def test_no_class_gives_zero_and_a_zero_gradient(labels, weights):
    activations = torch.rand(2, 3, 4, 4, requires_grad=True)
    labels = torch.full((2, 4, 4), labels)
    loss = UsageBalanceLoss()(activations, labels, weights)
    loss.backward()
    assert loss.item() == 0
    assert not activations.grad.any()


@pytest.mark.parametrize('active', [0, 1])
def test_concepts_that_are_exactly_zero_have_a_finite_gradient(active):
    activations = torch.zeros(1, 3, 4, 4)
    activations[:, :active] = 1
    activations.requires_grad_()
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    loss = UsageBalanceLoss()(activations, labels, torch.ones(1, 3))
    loss.backward()
    assert activations.grad.isfinite().all()
