"""Tests of the Jensen-Shannon diversity."""

import math

import pytest
import torch
from golden import golden

from mmproto.models.losses.jensen_shannon_loss import (
    JensenShannonDiversityLoss,
    jensen_shannon_diversity,
)


@golden('reproseg_jsd')
def test_golden_compatible_mode(case):
    activations = case.input('pooled')
    loss = JensenShannonDiversityLoss(compatible=True)(activations)
    loss.backward()
    case.check(loss)
    case.check_grad(activations.grad, 'grad_pooled')


def concept_loop(activations, eps=1e-6):
    """Mean over images of exp(-JSD), concept by concept, pixel by pixel."""
    values = []
    for image in activations.flatten(2).tolist():
        shares = []
        for concept in image:
            total = sum(a + eps for a in concept)
            shares.append([(a + eps) / total for a in concept])
        pixels = range(len(shares[0]))
        mean = [sum(u[n] for u in shares) / len(shares) for n in pixels]
        divergences = [
            sum(u[n] * math.log(u[n] / mean[n]) for n in pixels)
            for u in shares
        ]
        values.append(math.exp(-sum(divergences) / len(shares)))
    return sum(values) / len(values)


def test_correct_mode_equals_a_loop():
    torch.manual_seed(0)
    activations = torch.rand(2, 4, 3, 5, dtype=torch.float64) ** 4
    loss = JensenShannonDiversityLoss(loss_weight=2.0)(activations)
    assert loss.item() == pytest.approx(2 * concept_loop(activations))


def test_disjoint_concepts_reach_one_over_their_number():
    activations = torch.eye(4).view(1, 4, 2, 2)
    loss = JensenShannonDiversityLoss(eps=1e-12)
    assert loss(activations).item() == pytest.approx(1 / 4, rel=1e-5)
    old = JensenShannonDiversityLoss(compatible=True)(activations)
    assert old.item() > 0.8  # hardly moves


def test_equal_concepts_give_one():
    scores = torch.randn(1, 1, 4, 4).expand(2, 3, 4, 4)
    loss = jensen_shannon_diversity(scores)
    assert loss.item() == pytest.approx(1, rel=1e-5)
