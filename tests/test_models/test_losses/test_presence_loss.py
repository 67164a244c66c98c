"""Tests of the presence of concepts."""

import math

import pytest
import torch
from golden import golden

from mmproto.models.losses.presence_loss import (
    PresenceLoss,
    concept_presence,
    presence_loss,
)


def pipnet_presence(pooled, eps):
    """PIP-Net's: per view the sum over its images, then the mean of both."""
    views = [presence_loss(view.sum(0), eps) for view in pooled.chunk(2)]
    return sum(views) / 2


@golden('pipnet_tanh_loss')
def test_golden_pipnet(case):
    pooled = case.input('pooled')
    loss = pipnet_presence(pooled, case['in_eps'].item())
    loss.backward()
    case.check(loss)
    case.check_grad(pooled.grad, 'grad_pooled')
    default = pipnet_presence(pooled, case['in_eps_default'].item())
    case.check(default, 'out_loss_eps_default')


@golden('reproseg_log_tanh')
def test_golden_reproseg_module(case):
    activations = case.input('pooled')
    module = PresenceLoss(pooling='max', eps=case['in_eps'].item())
    loss = module(activations)
    loss.backward()
    case.check(loss)
    case.check_grad(activations.grad, 'grad_pooled')


def brute_force(activations, unit=1.0, eps=1e-6):
    """Presence over pixels, one number at a time."""
    total = 0.0
    for concept in range(activations.shape[1]):
        pixels = activations[:, concept].flatten().tolist()
        total -= math.log(math.tanh(sum(pixels) / unit) + eps)
    return total / activations.shape[1]


def test_sum_counts_the_pixels_of_the_whole_batch():
    torch.manual_seed(0)
    activations = torch.rand(3, 4, 5, 6, dtype=torch.float64) / 20
    loss = PresenceLoss(loss_weight=2.0, unit=5.0)(activations)
    assert loss.item() == pytest.approx(2 * brute_force(activations, 5.0))


def test_sum_does_not_ask_for_a_concept_in_every_image():
    activations = torch.zeros(2, 2, 4, 4)
    activations[0, 0] = activations[1, 1] = 1
    assert PresenceLoss()(activations).item() < 1e-5


def test_max_is_summed_over_images():
    torch.manual_seed(0)
    activations = torch.rand(3, 4, 5, 6)
    expected = [
        sum(float(activations[n, k].max()) for n in range(3)) for k in range(4)
    ]
    presence = concept_presence(activations, 'max')
    assert presence.tolist() == pytest.approx(expected)


def test_memory_decays_and_carries_no_gradient():
    module = PresenceLoss(decay=0.5, num_concepts=2)
    for step in range(3):
        activations = torch.zeros(1, 2, 1, 1, requires_grad=True)
        with torch.no_grad():
            activations[:, step % 2] = 0.1 * (step + 1)
        loss = module(activations)
        loss.backward()
    # concept 0: 0.1 two steps ago and 0.3 now; concept 1: 0.2 one step ago
    expected = [0.3 + 0.25 * 0.1, 0.5 * 0.2]
    assert module.memory.tolist() == pytest.approx(expected)
    mean = sum(-math.log(math.tanh(p) + 1e-6) for p in expected) / 2
    assert loss.item() == pytest.approx(mean, rel=1e-5)
    slope = [-1 / (math.sinh(p) * math.cosh(p)) / 2 for p in expected]
    assert activations.grad.flatten().tolist() == pytest.approx(slope, 1e-4)


def test_memory_spares_a_concept_seen_lately():
    with_memory = PresenceLoss(decay=0.99, num_concepts=2)
    both = torch.ones(1, 2, 4, 4)
    with_memory(both)
    rare = torch.stack([both[:, 0], 1e-4 * both[:, 1]], 1).requires_grad_()
    with_memory(rare).backward()
    assert rare.grad.abs().max() < 1e-3
    assert PresenceLoss()(rare).item() > 3


def test_memory_survives_a_state_dict_and_stays_in_evaluation():
    module = PresenceLoss(decay=0.9, num_concepts=3)
    module(torch.rand(1, 3, 2, 2))
    before = module.memory.clone()
    module.eval()(torch.rand(1, 3, 2, 2))
    assert torch.equal(module.memory, before)
    resumed = PresenceLoss(decay=0.9, num_concepts=3)
    resumed.load_state_dict(module.state_dict())
    assert torch.equal(resumed.memory, before)
    assert not PresenceLoss().state_dict()


def test_memory_of_another_size_is_refused():
    module = PresenceLoss(decay=0.9, num_concepts=3)
    with pytest.raises(ValueError, match='3, but the head has 4 concepts'):
        module(torch.rand(1, 4, 2, 2))


def test_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match="'mean', expected one of"):
        concept_presence(torch.rand(1, 2, 3, 3), 'mean')
