"""Ways to set class weights to exact zeros."""

import torch
from torch import Tensor


@torch.no_grad()
def proximal_step(weight: Tensor, threshold: float) -> None:
    """Soft threshold on the non-negative side, in place.

    ``w <- max(w - threshold, 0)``, the proximal operator of
    ``threshold * sum(w)`` on ``w >= 0`` (Parikh and Boyd, Proximal
    Algorithms, 2014, section 6.5.2). PIP-Net's classifier
    (https://arxiv.org/abs/2304.13643) takes it with a threshold of 1e-3.

    Args:
        weight: Any shape.
        threshold: Amount that every weight loses, at least 0.
    """
    weight.sub_(threshold).clamp_(min=0)


@torch.no_grad()
def zero_smallest(weight: Tensor, share: float) -> None:
    """Set the smallest weights to zero, in place.

    The largest weight of each class stays: a class without weights could never
    be predicted again.

    Args:
        weight: Class weights (C,K,...); negative ones count as zero.
        share: Share of all weights that must be zero.
    """
    flat = weight.view(len(weight), -1)
    protected = flat.clone()
    protected.scatter_(1, flat.argmax(dim=1, keepdim=True), torch.inf)
    number = min(round(share * flat.numel()), flat.numel() - len(flat))
    smallest = protected.flatten().argsort(stable=True)[:number]
    weight.view(-1)[smallest] = 0
    weight.clamp_(min=0)


@torch.no_grad()
def keep_largest(weight: Tensor, numbers: Tensor) -> None:
    """Keep the largest weights of each class, in place.

    Args:
        weight: Class weights (C,K,...); negative ones become zero.
        numbers: How many weights each class keeps (C,).
    """
    flat = weight.view(len(weight), -1)
    order = flat.argsort(dim=1, descending=True, stable=True)
    rank = torch.empty_like(order)
    places = torch.arange(flat.shape[1], device=flat.device)
    rank.scatter_(1, order, places.expand_as(order))
    flat[rank >= numbers.to(flat.device)[:, None]] = 0
    weight.clamp_(min=0)


def gradual_share(target: float, passed: float) -> float:
    """Return a share of zeros that grows fast first and slowly at the end.

    Zhu and Gupta 2017 (https://arxiv.org/abs/1710.01878), equation 1, starting
    without zeros.

    Args:
        target: Share of zeros at the end.
        passed: Fraction of the steps made, from 0 to 1.
    """
    return target * (1 - (1 - passed) ** 3)
