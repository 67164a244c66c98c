"""Alignment of the concepts of two photometric views (PIP-Net)."""

from torch import Tensor

from mmproto.models.losses.base import (
    ConceptLoss,
    check_positive,
    check_same_shape,
)
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@in_full_precision
def one_sided_alignment(
    inputs: Tensor, targets: Tensor, eps: float = 1e-6, dim: int = 1
) -> Tensor:
    """Distance of the concepts of one view to those of the other.

    Nauta et al., PIP-Net, CVPR 2023, alignment loss L_A:
    ``-mean_n log(<z(n), t(n)> + eps)``. It is 0 only where both views are
    one-hot in the same concept.

    Args:
        inputs: Concept activations ``z`` that sum to 1 along ``dim``.
        targets: Activations ``t`` of the other view, same shape; they get no
            gradient.
        eps: Floor inside the logarithm.
        dim: Axis of the concepts.

    Returns:
        Scalar, mean over all other axes.

    Raises:
        ValueError: If the shapes differ.
    """
    check_same_shape(inputs, targets, 'the two views')
    agreement = (inputs * targets.detach()).sum(dim)
    return -(agreement + eps).log().mean()


def alignment_loss(
    first: Tensor, second: Tensor, eps: float = 1e-6, dim: int = 1
) -> Tensor:
    """Mean of both one-sided alignments, each the other's fixed target.

    Args:
        first: Concept activations of the first view.
        second: Those of the second view, same shape.
        eps: Floor inside the logarithm.
        dim: Axis of the concepts.

    Returns:
        Scalar. Its gradient is half of what it were without fixed targets.
    """
    there = one_sided_alignment(first, second, eps, dim)
    back = one_sided_alignment(second, first, eps, dim)
    return (there + back) / 2


@MODELS.register_module()
class AlignmentLoss(ConceptLoss):
    """PIP-Net's alignment at every scale and location.

    Args:
        loss_weight: Factor of the loss.
        eps: Floor inside the logarithm. Where two views share no concept the
            gradient is ``1 / eps`` over the number of locations; PIP-Net's
            1e-12 lets one such location overrule all others.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range.
    """

    inputs = ('first_view', 'second_view')

    def __init__(
        self,
        loss_weight: float = 1.0,
        eps: float = 1e-6,
        loss_name: str = 'loss_alignment',
    ) -> None:
        super().__init__(loss_weight, loss_name)
        check_positive('AlignmentLoss', eps=eps)
        self.eps = eps

    def forward(self, first_view: Tensor, second_view: Tensor) -> Tensor:
        """Weighted loss of per-scale activations.

        Args:
            first_view: Activations (B,S,K,H,W).
            second_view: The same crops in other colours, (B,S,K,H,W).

        Returns:
            Scalar.
        """
        loss = alignment_loss(first_view, second_view, self.eps, dim=2)
        return self.loss_weight * loss
