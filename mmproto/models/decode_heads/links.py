"""Links: from non-negative evidence to class probabilities.

Each link is a function ``f`` with ``softmax(f(evidence))`` as probabilities,
increasing in the evidence, so that every link ranks classes as the evidence
does. mmseg's cross-entropy on ``f(evidence)`` is then the log-likelihood.
"""

from collections.abc import Callable

import torch
from torch import Tensor

# Share of evidence below which the loss stops growing: without a floor a
# class without evidence has an infinite loss and gradient.
SHARE_FLOOR = 1e-3
_TINY = 1e-30


def share_logits(evidence: Tensor, floor: float = 0.0) -> Tensor:
    """Logarithm of the evidence, whose softmax is its share.

    Args:
        evidence: ``o >= 0`` of shape (N,C,H,W).
        floor: Added to every share before normalising.

    Returns:
        Logits (N,C,H,W). Without any evidence all classes are equal.
    """
    if floor:
        evidence = evidence + floor * evidence.sum(dim=1, keepdim=True)
    return torch.log(evidence + _TINY)


def softmax_logits(evidence: Tensor) -> Tensor:
    """Evidence itself, whose softmax is taken."""
    return evidence


def log1p_square_logits(evidence: Tensor) -> Tensor:
    """PIP-Net's ``log(1 + o^2)``, https://arxiv.org/abs/2304.13643."""
    return torch.log1p(evidence.square())


LINKS: dict[str, Callable[[Tensor], Tensor]] = {
    'share': share_logits,
    'softmax': softmax_logits,
    'log1p_square': log1p_square_logits,
}
