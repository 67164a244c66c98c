"""Two ranks give the gradient of one process with the whole batch."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from mmproto.models.losses import (
    ClusterLoss,
    CompactnessLoss,
    JeffreysDiversityLoss,
    PresenceLoss,
    SeparationLoss,
    UsageBalanceLoss,
    ranks,
)

WEIGHTS = torch.ones(3, 5)
IDENTITY = torch.eye(3).bool()[torch.tensor([0, 1, 2, 0, 1])]


class TwoThreads:
    """``all_reduce`` and ``get_world_size`` between two threads."""

    def __init__(self):
        self.barrier = threading.Barrier(2, timeout=20)
        self.values = {}

    def get_world_size(self):
        return 2

    def all_reduce(self, tensor):
        assert not tensor.requires_grad
        self.values[threading.get_ident()] = tensor.clone()
        self.barrier.wait()
        total = sum(self.values.values())
        self.barrier.wait()
        tensor.copy_(total)


def presence(activations, labels):
    loss = PresenceLoss(decay=0.9, num_concepts=5)
    loss(activations)
    return loss(activations)  # the second time there is a memory


LOSSES = {
    'presence': presence,
    'diversity': lambda a, y: JeffreysDiversityLoss()(a, y, WEIGHTS),
    'cluster': lambda a, y: ClusterLoss()(a, y, IDENTITY),
    'compactness': lambda a, y: CompactnessLoss()(a.amax(1), y),
    'balance': lambda a, y: UsageBalanceLoss()(a, y, WEIGHTS),
    'separation': lambda a, y: SeparationLoss()(a, y, IDENTITY),
}


@pytest.mark.parametrize('name', LOSSES)
def test_two_ranks_equal_one_process(name, monkeypatch):
    torch.manual_seed(0)
    activations = torch.randn(2, 5, 4, 4, dtype=torch.float64).softmax(1) / 9
    labels = torch.randint(0, 3, (2, 4, 4))
    labels[0, 1:] = 255  # the ranks hold different numbers of pixels

    def step(images):
        leaf = activations[images].clone().requires_grad_()
        value = LOSSES[name](leaf, labels[images])
        value.backward()
        return value.item(), leaf.grad

    value, gradient = step(slice(None))
    both = TwoThreads()
    monkeypatch.setattr(ranks, 'all_reduce', both.all_reduce)
    monkeypatch.setattr(ranks, 'get_world_size', both.get_world_size)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(step, [slice(0, 1), slice(1, 2)])
    assert (first[0] + second[0]) / 2 == pytest.approx(value, rel=1e-12)
    # data-parallel training averages the gradients of the ranks
    averaged = torch.cat([first[1], second[1]]) / 2
    torch.testing.assert_close(averaged, gradient, rtol=1e-12, atol=0)
