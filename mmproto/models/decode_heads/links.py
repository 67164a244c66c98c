"""Links: from non-negative evidence to class probabilities.

Each link is a function ``f`` of the evidence ``o`` with ``softmax(f(o))`` as
probabilities. It increases with the evidence, so that every link ranks the
classes as the evidence does. mmseg's cross-entropy on ``f(o)`` is then the
negative log-likelihood.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from mmproto.models.precision import in_full_precision

# Share of evidence below which the loss stops growing: without a floor, a
# class without evidence has an infinite loss and gradient.
SHARE_FLOOR = 1e-3
_TINY = 1e-30


def share_logits(
    evidence: Tensor, sharpness: float = 1.0, floor: float = 0.0
) -> Tensor:
    """Take the logarithm of ``o^s``, whose softmax is the share of it.

    Args:
        evidence: ``o >= 0`` of shape (N,C,H,W).
        sharpness: ``s > 0``; with 1, the share of the evidence itself.
        floor: Added to every share of the evidence.

    Returns:
        Logits (N,C,H,W). Without any evidence, all classes are equal.
    """
    if floor:
        evidence = evidence + floor * evidence.sum(dim=1, keepdim=True)
    return sharpness * torch.log(evidence + _TINY)


def softmax_logits(evidence: Tensor, sharpness: float = 1.0) -> Tensor:
    """Take ``s * o``, whose softmax is the usual one."""
    return sharpness * evidence


def log1p_power_logits(evidence: Tensor, sharpness: float = 2.0) -> Tensor:
    """Take PIP-Net's ``log(1 + o^s)``, https://arxiv.org/abs/2304.13643.

    Args:
        evidence: ``o >= 0`` of shape (N,C,H,W).
        sharpness: PIP-Net's ``multiplier``, 2 in all its published models.

    Returns:
        Logits (N,C,H,W).
    """
    return torch.log1p(evidence.pow(sharpness))


LINKS: dict[str, Callable[..., Tensor]] = {
    'share': share_logits,
    'softmax': softmax_logits,
    'log1p_square': log1p_power_logits,
}
# Sharpness where none is given.
SHARPNESS = {'share': 1.0, 'softmax': 1.0, 'log1p_square': 2.0}


@in_full_precision
def loss_logits(link: str, evidence: Tensor, sharpness: float) -> Tensor:
    """Apply a link for the loss: shares get a floor.

    Args:
        link: Name of the link.
        evidence: ``o >= 0`` of shape (N,C,H,W).
        sharpness: Exponent of the evidence.

    Returns:
        Logits (N,C,H,W).
    """
    if link == 'share':
        return share_logits(evidence, sharpness, SHARE_FLOOR)
    return LINKS[link](evidence, sharpness)
