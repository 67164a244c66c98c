"""Sparse activations and weights, and evidence that may hold more."""

import torch

CLASSES, CONCEPTS, HEIGHT, WIDTH = 3, 7, 5, 4


def image(seed=0, bypass=0.0):
    """Sparse activations and weights, and evidence that may hold more."""
    generator = torch.Generator().manual_seed(seed)
    maps = torch.rand(CONCEPTS, HEIGHT, WIDTH, generator=generator)
    activations = (maps - 0.3).relu()
    weights = torch.rand(CLASSES, CONCEPTS, generator=generator)
    weights = (weights - 0.4).relu() * 5
    evidence = torch.einsum('ck,khw->chw', weights, activations)
    evidence = evidence + bypass * evidence.amax(0) * (
        evidence == evidence.amax(0)
    )
    labels = torch.randint(0, CLASSES, (HEIGHT, WIDTH), generator=generator)
    labels[0, 0], labels[1, 1] = 255, 254
    return activations, evidence, weights, labels
