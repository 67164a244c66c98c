"""L1 norm of the classifier."""

import torch.nn.functional as F
from torch import Tensor

from mmproto.models.losses.base import ConceptLoss
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@in_full_precision
def sparsity_loss(
    class_weights: Tensor, class_identity: Tensor | None = None
) -> Tensor:
    """Sum the absolute weights, all or those for other classes.

    Chen et al., ProtoPNet, NeurIPS 2019, L1 term of the convex optimisation of
    the last layer.

    Args:
        class_weights: Classifier weights (C,K).
        class_identity: Own classes of every concept (K,C), whose weights are
            left out; none by default.

    Returns:
        Scalar.
    """
    weights = class_weights.abs()
    if class_identity is not None:
        weights = weights * (1 - class_identity.mT.to(weights))
    return weights.sum()


@MODELS.register_module()
class SparsityLoss(ConceptLoss):
    """Shrink the weights in force by their L1 norm.

    A gradient step alone never stops at exactly 0: for exact zeros use
    :class:`SparsifyHook`, which takes the proximal step of the same norm.

    Args:
        loss_weight: Factor of the loss, a sum over C*K weights.
        spare_own_class: Leave out each concept's largest weight, as ProtoPNet
            does, so that no concept is switched off.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range.
    """

    inputs = ('class_weights',)
    trains_classifier = True

    def __init__(
        self,
        loss_weight: float = 1e-4,
        spare_own_class: bool = False,
        loss_name: str = 'loss_sparsity',
    ) -> None:
        super().__init__(loss_weight, loss_name)
        self.spare_own_class = spare_own_class

    def forward(self, class_weights: Tensor) -> Tensor:
        """Compute the weighted loss.

        Args:
            class_weights: Non-negative classifier weights (C,K).

        Returns:
            Scalar.
        """
        own = None
        if self.spare_own_class:
            classes = len(class_weights)
            own = F.one_hot(class_weights.argmax(0), classes)  # (K,C)
        return self.loss_weight * sparsity_loss(class_weights, own)
