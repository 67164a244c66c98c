"""Tests of the Jeffreys diversity within classes."""

import math

import pytest
import torch
from golden import golden

from mmproto.models.losses import (
    JeffreysDiversityLoss,
    jeffreys_diversity,
)


def check_golden(case, labels, groups=None):
    distances = case.input('distances')
    identity = case['in_class_identity'].bool()
    loss = jeffreys_diversity(distances, labels, identity, groups)
    loss.backward()
    case.check(loss)
    case.check_grad(distances.grad, 'grad_distances')


@golden('protoseg_kld_corrected')
def test_golden_protoseg_corrected(case):
    check_golden(case, case['in_labels'] - 1)  # 0 = void


@golden('protoseg_kld')
def test_golden_protoseg_as_released(case):
    # The released code looks for class index c among the pixels of raw label
    # c, that is of class index c - 1, and for class 0 among the void pixels.
    check_golden(case, case['in_labels'])


@golden('scaleprotoseg_kld')
def test_golden_scaleprotoseg_within_scales(case):
    start, end = case['in_scale_ranges'].mT
    scales = torch.arange(len(start)).repeat_interleave(end - start)
    check_golden(case, case['in_labels'] - 1, scales)


def kullback_leibler(p, q):
    """KL divergence of two lists of probabilities."""
    return sum(a * math.log(a / b) for a, b in zip(p, q))


def pair_loop(mass, labels, membership, groups=None):
    """Mean of exp(-J), one image, class and pair at a time.

    ``mass`` (N,P,H,W) is what each distribution is proportional to.
    """
    values = []
    concepts, classes = membership.shape
    for image in range(len(labels)):
        for c in range(classes):
            pixels = labels[image] == c
            if pixels.sum() < 2:
                continue
            shares = [
                (m[pixels] / m[pixels].sum()).tolist() for m in mass[image]
            ]
            for p in range(concepts):
                for q in range(p + 1, concepts):
                    together = membership[p, c] and membership[q, c]
                    if groups is not None:
                        together = together and groups[p] == groups[q]
                    if not together:
                        continue
                    there = kullback_leibler(shares[p], shares[q])
                    back = kullback_leibler(shares[q], shares[p])
                    values.append(math.exp(-(there + back) / 2))
    return sum(values) / len(values)


@pytest.fixture
def scene():
    """Scores, labels with void, and concepts that belong to many classes."""
    torch.manual_seed(0)
    scores = torch.randn(2, 7, 16, 20, dtype=torch.float64) * 2
    labels = torch.randint(0, 4, (2, 16, 20))
    labels[:, :, :11] = 0  # more than one block of pixels
    labels[0, :3] = 255
    labels[1][labels[1] == 3] = 255
    labels[1, 0, 0] = 3  # a class with a single pixel
    membership = torch.rand(7, 4) < 0.6
    membership[:, 2] = False
    membership[5, 2] = True  # a class with a single concept
    return scores, labels, membership


def test_function_equals_a_loop_over_pairs(scene):
    scores, labels, membership = scene
    value = jeffreys_diversity(scores, labels, membership)
    expected = pair_loop(scores.exp(), labels, membership)
    assert value.item() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize('layout', ['channels last', 'strided'])
def test_memory_layout_does_not_matter(scene, layout):
    scores, labels, membership = scene
    expected = jeffreys_diversity(scores.requires_grad_(), labels, membership)
    expected.backward()
    other = scores.detach()
    if layout == 'channels last':
        other = other.contiguous(memory_format=torch.channels_last)
    else:
        other = other.repeat_interleave(2, dim=3)[..., ::2]
    other.requires_grad_()
    value = jeffreys_diversity(other, labels, membership)
    value.backward()
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(other.grad, scores.grad)


def test_groups_restrict_the_pairs(scene):
    groups = torch.tensor([0, 1, 0, 1, 1, 0, 2])
    value = jeffreys_diversity(*scene, groups)
    expected = pair_loop(scene[0].exp(), *scene[1:], groups)
    assert value.item() == pytest.approx(expected, rel=1e-10)


def test_gradient_is_the_numerical_one():
    torch.manual_seed(0)
    scores = torch.randn(2, 3, 2, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[[0, 0, 1], [0, 1, 1]], [[255, 0, 0], [1, 0, 0]]])
    membership = torch.tensor([[1, 1], [1, 0], [1, 1]]).bool()
    assert torch.autograd.gradcheck(
        lambda s: jeffreys_diversity(s, labels, membership), [scores]
    )


@pytest.mark.parametrize('threshold', [0.0, 0.5])
def test_module_pairs_concepts_of_a_class(scene, threshold):
    scores, labels, _ = scene
    activations = scores.softmax(1)
    weights = torch.rand(4, 7).mul(2).sub(1).relu()  # about half are 0
    membership = weights.mT > threshold * weights.amax(1)
    expected = pair_loop(activations + 1e-6, labels, membership)
    module = JeffreysDiversityLoss(loss_weight=0.1, threshold=threshold)
    loss = module(activations, labels, weights)
    assert loss.item() == pytest.approx(0.1 * expected, rel=1e-8)


def test_void_pixels_never_count(scene):
    scores, labels, _ = scene
    weights = torch.ones(4, 7)
    activations = scores.softmax(1).requires_grad_()
    loss = JeffreysDiversityLoss()(activations, labels, weights)
    loss.backward()
    void = (labels == 255)[:, None].expand_as(activations)
    assert not activations.grad[void].any()
    other = torch.where(void, torch.rand_like(activations), activations)
    again = JeffreysDiversityLoss()(other, labels, weights)
    assert again.item() == pytest.approx(loss.item(), rel=1e-12)


def test_mass_lies_where_the_concept_is_active():
    # Two concepts that peak on the same pixel and differ in their small
    # values elsewhere are alike; peaks on different pixels are not.
    peak = torch.full((1, 3, 4, 4), 1e-4)
    peak[0, :2, 0, 0] = peak[0, 2, 3, 3] = 1.0
    peak[0, 1, 1] = 2e-4
    labels = torch.zeros(1, 4, 4, dtype=torch.long)

    def pair(*concepts):
        weights = torch.zeros(1, 3)
        weights[0, list(concepts)] = 1
        return JeffreysDiversityLoss()(peak, labels, weights).item()

    assert pair(0, 1) > 0.99
    assert pair(0, 2) < 0.01


def test_gradient_step_moves_concepts_apart():
    torch.manual_seed(0)
    logits = torch.zeros(1, 2, 2, 4)
    logits[:, 0, :, :2] = 0.1  # a hint of a preference
    logits.requires_grad_()
    labels = torch.zeros(1, 2, 4, dtype=torch.long)
    module = JeffreysDiversityLoss()
    for _ in range(50):
        loss = module(logits.softmax(1), labels, torch.ones(1, 2))
        (grad,) = torch.autograd.grad(loss, logits)
        logits = (logits - 5 * grad).detach().requires_grad_()
    left, right = logits.softmax(1)[0].split(2, dim=2)
    assert left[0].min() > 0.9
    assert right[1].min() > 0.9


@pytest.mark.parametrize(
    ('labels', 'weights'),
    [(255, torch.ones(2, 3)), (0, torch.zeros(2, 3)), (0, torch.eye(2, 3))],
    ids=['void only', 'no concept', 'one concept a class'],
)
def test_no_pair_gives_zero_and_a_zero_gradient(labels, weights):
    activations = torch.rand(2, 3, 4, 4, requires_grad=True)
    labels = torch.full((2, 4, 4), labels)
    loss = JeffreysDiversityLoss()(activations, labels, weights)
    loss.backward()
    assert loss.item() == 0
    assert not activations.grad.any()


def test_hard_activations_stay_finite():
    activations = torch.zeros(1, 4, 4, 4)
    activations[:, 0], activations[:, 1, 0] = 1, 1
    activations[:, 2, 1] = 1
    activations.requires_grad_()
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    loss = JeffreysDiversityLoss()(activations, labels, torch.ones(1, 4))
    loss.backward()
    assert 0 <= loss.item() <= 1
    assert activations.grad.isfinite().all()
