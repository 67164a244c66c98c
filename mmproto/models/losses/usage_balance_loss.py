"""Balance of usage among the concepts of one class."""

import torch
from torch import Tensor

from mmproto.models.losses.class_concept_loss import ClassConceptLoss
from mmproto.models.losses.ranks import sum_over_ranks
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@in_full_precision
def class_usage(
    activations: Tensor, labels: Tensor, num_classes: int
) -> tuple[Tensor, Tensor]:
    """Sum the activation of every concept over the pixels of every class.

    Args:
        activations: Concept activations (N,K,H,W).
        labels: Classes (N,H,W); any value outside 0..C-1 (255) is left out.
        num_classes: C.

    Returns:
        Sums over the pixels of all images (C,K), and numbers of pixels (C,).
    """
    flat = activations.movedim(1, -1).flatten(0, 2)  # (N*H*W,K)
    classes = torch.arange(num_classes, device=labels.device)
    mask = (labels.flatten() == classes[:, None]).to(flat)  # (C,N*H*W)
    return mask @ flat, mask.sum(1)


@in_full_precision
def usage_imbalance(
    usage: Tensor, membership: Tensor, seen: Tensor, eps: float = 1e-6
) -> Tensor:
    """Average over classes how unevenly their concepts are used.

    With ``q`` the share of each of the ``n`` concepts of a class in their
    usage, the term of a class is ``1 - H(q) / log n``, that is one minus
    Pielou's evenness (J. Theor. Biol. 13, 1966): 0 where all are equally
    used, 1 where one concept does everything.

    Args:
        usage: Mean activation of every concept on each class (C,K), at
            least 0.
        membership: Which concept belongs to which class, bool (C,K).
        seen: Which classes count, bool (C,). Those with fewer than two
            concepts have no choice and never count.
        eps: Usage below which a concept counts as unused; it bounds the
            gradient.

    Returns:
        Scalar in [0,1], 0 if no class counts.
    """
    number = membership.sum(1)  # (C,)
    counted = (seen & (number > 1)).to(usage)
    used = (usage + eps) * membership
    share = used / used.sum(1, keepdim=True).clamp(min=eps)
    # Outside the class, the logarithm of 1: at 0 its gradient is no number.
    entropy = -(share * share.masked_fill(~membership, 1).log()).sum(1)
    term = 1 - entropy / number.clamp(min=2).to(usage).log()
    return (term * counted).sum() / counted.sum().clamp(min=1)


@MODELS.register_module()
class UsageBalanceLoss(ClassConceptLoss):
    """Make every concept of a class do a part of it.

    Usage is taken over the pixels of the class in the batch of all ranks.
    Concepts are asked for only where their class is: what is rightly absent
    from a batch is not called for, as presence over a small batch would.

    For the arguments see :class:`ClassConceptLoss`; ``eps`` is a mean
    activation here.
    """

    default_name = 'loss_balance'

    def value(
        self, activations: Tensor, labels: Tensor, membership: Tensor
    ) -> Tensor:
        """Compute :func:`usage_imbalance` over the batch of all ranks."""
        total, pixels = class_usage(activations, labels, len(membership))
        total, pixels = sum_over_ranks(total), sum_over_ranks(pixels)
        usage = total / pixels.clamp(min=1)[:, None]
        return usage_imbalance(usage, membership, pixels > 0, self.eps)
