"""Alignment of the concepts of two photometric views (PIP-Net)."""

from torch import Tensor

from mmproto.models.losses.base import ConceptLoss, check_same_shape
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@in_full_precision
def one_sided_alignment(
    inputs: Tensor,
    targets: Tensor,
    eps: float = 1e-6,
    dim: int = 1,
    counted: Tensor | None = None,
) -> Tensor:
    """Measure how far the concepts of one view are from those of the other.

    Nauta et al., PIP-Net, CVPR 2023, alignment loss L_A:
    ``-mean_n log(<z(n), t(n)> + eps)``. It is 0 only where both views are
    one-hot in the same concept.

    Args:
        inputs: Concept activations ``z`` that sum to 1 along ``dim``.
        targets: Activations ``t`` of the other view, same shape; they get no
            gradient.
        eps: Floor inside the logarithm.
        dim: Axis of the concepts.
        counted: Places that count, bool, broadcast to the other axes; all
            by default.

    Returns:
        Scalar, mean over all other axes.

    Raises:
        ValueError: If the shapes differ.
    """
    check_same_shape(inputs, targets, 'the two views')
    agreement = (inputs * targets.detach()).sum(dim)
    distance = -(agreement + eps).log()
    if counted is None:
        return distance.mean()
    counted = counted.expand_as(distance)
    return (distance * counted).sum() / counted.sum().clamp(min=1)


def alignment_loss(
    first: Tensor,
    second: Tensor,
    eps: float = 1e-6,
    dim: int = 1,
    counted: Tensor | None = None,
) -> Tensor:
    """Average both one-sided alignments, each view the other's fixed target.

    Args:
        first: Concept activations of the first view.
        second: Those of the second view, same shape.
        eps: Floor inside the logarithm.
        dim: Axis of the concepts.
        counted: As in :func:`one_sided_alignment`.

    Returns:
        Scalar. Its gradient is half of what it would be without fixed targets.
    """
    there = one_sided_alignment(first, second, eps, dim, counted)
    back = one_sided_alignment(second, first, eps, dim, counted)
    return (there + back) / 2


@MODELS.register_module()
class AlignmentLoss(ConceptLoss):
    """Align the concepts of two views at every scale and location (PIP-Net).

    With a ``scale_shift`` of one, the second view should show at the next
    scale the concepts that the first shows at this one: what is seen twice as
    large (``TwoViews(zoom=2)``), at twice the dilation rate. Concepts then
    follow the size of things instead of learning every size separately. The
    scales at the ends have no partner.

    Args:
        loss_weight: Factor of the loss.
        scale_shift: By how many scales the second view is shifted.
        eps: Floor inside the logarithm. Where two views share no concept the
            gradient is ``1 / eps`` over the number of locations; PIP-Net's
            1e-12 lets one such location overrule all others.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range.
    """

    inputs = ('first_view', 'second_view', 'in_views')

    def __init__(
        self,
        loss_weight: float = 1.0,
        scale_shift: int = 0,
        eps: float = 1e-6,
        loss_name: str = 'loss_alignment',
    ) -> None:
        super().__init__(loss_weight, loss_name)
        self._check_positive(eps=eps)
        if scale_shift < 0:
            raise ValueError(
                f'AlignmentLoss: scale_shift is {scale_shift}, expected at '
                'least 0; order the dilation rates from small to large'
            )
        self.eps = eps
        self.scale_shift = scale_shift

    def forward(
        self,
        first_view: Tensor,
        second_view: Tensor,
        in_views: Tensor | None = None,
    ) -> Tensor:
        """Compute the weighted loss of per-scale activations.

        Args:
            first_view: Activations (B,S,K,H,W).
            second_view: The same places in other colours or at another size,
                (B,S,K,H,W).
            in_views: Cells that count (B,H,W), bool; all by default.

        Returns:
            Scalar.

        Raises:
            ValueError: If there are no more scales than ``scale_shift``.
        """
        scales = first_view.shape[1]
        if scales <= self.scale_shift:
            raise ValueError(
                f'AlignmentLoss: scale_shift={self.scale_shift} needs more '
                f'scales than that, the neck gives {scales}'
            )
        loss = alignment_loss(
            first_view[:, : scales - self.scale_shift],
            second_view[:, self.scale_shift :],
            self.eps,
            dim=2,
            counted=None if in_views is None else in_views[:, None],
        )
        return self.loss_weight * loss
