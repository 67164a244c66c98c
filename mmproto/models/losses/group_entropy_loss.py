"""Entropy of the weights that gather prototypes into groups."""

import math

import torch
from torch import Tensor

from mmproto.models.losses.base import ConceptLoss
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@in_full_precision
def group_entropy(group_weights: list[Tensor], eps: float = 1e-5) -> Tensor:
    """Average the normalised entropy of all groups.

    It is 0 for groups of one prototype, 1 where all weights are equal. Porta
    et al., ScaleProtoSeg, arXiv 2409.09497, entropy of the groups:
    ``-sum_p w_kp log(w_kp + eps) / log P_c`` averaged over classes ``c`` and
    groups ``k``. A class with one prototype has no choice and is left out.

    Args:
        group_weights: One tensor (G,P_c) for each class, rows on the simplex.
        eps: Floor inside the logarithm.

    Returns:
        Scalar, 0 if no class has two prototypes.
    """
    entropies = [
        -(weights * (weights + eps).log()).sum(1) / math.log(weights.shape[1])
        for weights in group_weights
        if weights.shape[1] > 1
    ]
    if not entropies:
        return torch.stack([0 * w.sum() for w in group_weights]).sum()
    return torch.cat(entropies).mean()


@MODELS.register_module()
class GroupEntropyLoss(ConceptLoss):
    """Make every group choose few prototypes.

    Args:
        loss_weight: Factor of the loss.
        eps: Floor inside the logarithm.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range.
    """

    inputs = ('group_weights',)
    trains_classifier = True

    def __init__(
        self,
        loss_weight: float = 1.0,
        eps: float = 1e-5,
        loss_name: str = 'loss_group_entropy',
    ) -> None:
        super().__init__(loss_weight, loss_name)
        self._check_positive(eps=eps)
        self.eps = eps

    def forward(self, group_weights: list[Tensor]) -> Tensor:
        """Compute the weighted loss.

        Args:
            group_weights: One tensor (G,P_c) for each class with prototypes.

        Returns:
            Scalar.

        Raises:
            ValueError: If the list is empty.
        """
        if not group_weights:
            raise ValueError(
                'GroupEntropyLoss: group_weights is empty, expected one '
                '(groups, prototypes) matrix for each class; the head has no '
                'groups'
            )
        return self.loss_weight * group_entropy(group_weights, self.eps)
