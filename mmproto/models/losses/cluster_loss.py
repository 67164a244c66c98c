"""Distance of pixels to prototypes of their own class and of others."""

from torch import Tensor

from mmproto.models.losses.base import ConceptLoss
from mmproto.models.losses.ranks import mean_over_ranks
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@in_full_precision
def nearest_distance(
    distances: Tensor, labels: Tensor, wanted: Tensor
) -> Tensor:
    """Average over pixels the distance to the nearest wanted prototype.

    Args:
        distances: Squared distances (N,P,H,W).
        labels: Classes (N,H,W); any value outside 0..C-1 (255) leaves the
            pixel out.
        wanted: Prototypes to look at for each class, bool (P,C); pixels of a
            class with none are left out.

    Returns:
        Scalar, 0 if no pixel counts.
    """
    flat, labels = distances.movedim(1, -1).flatten(0, 2), labels.flatten()
    known = (labels >= 0) & (labels < wanted.shape[1])
    mask = wanted.mT[labels[known]]  # n,P
    counted = mask.any(1)
    mask, flat = mask[counted], flat[known][counted]
    nearest = flat.masked_fill(~mask, float('inf')).min(1).values
    return mean_over_ranks(nearest.sum(), counted.sum())


@MODELS.register_module()
class ClusterLoss(ConceptLoss):
    """Pull the nearest prototype of its class to every pixel.

    Source: the cluster cost of ProtoPNet, Chen et al., NeurIPS 2019, for
    pixels instead of images.

    Args:
        loss_weight: Factor of the loss; ProtoPNet takes 0.8.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range.
    """

    inputs = ('distances', 'labels', 'class_identity')

    def __init__(
        self, loss_weight: float = 0.8, loss_name: str = 'loss_cluster'
    ) -> None:
        super().__init__(loss_weight, loss_name)

    def forward(
        self, distances: Tensor, labels: Tensor, class_identity: Tensor
    ) -> Tensor:
        """Compute the weighted loss.

        Args:
            distances: Squared distances (N,P,H,W).
            labels: Classes (N,H,W), 255 = ignore.
            class_identity: Which prototype belongs to which class, (P,C).

        Returns:
            Scalar.
        """
        own = class_identity.bool()
        return self.loss_weight * nearest_distance(distances, labels, own)


@MODELS.register_module()
class SeparationLoss(ClusterLoss):
    """Push the nearest prototype of any other class away from every pixel.

    Source: the separation cost of ProtoPNet. The loss is minus the distance,
    so the weight is positive. It has no lower bound: keep the weight small.

    Args:
        loss_weight: Factor of the loss; ProtoPNet takes 0.08.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range.
    """

    def __init__(
        self, loss_weight: float = 0.08, loss_name: str = 'loss_separation'
    ) -> None:
        super().__init__(loss_weight, loss_name)

    def forward(
        self, distances: Tensor, labels: Tensor, class_identity: Tensor
    ) -> Tensor:
        """Compute the weighted loss, at most 0; see :class:`ClusterLoss`."""
        return -super().forward(distances, labels, ~class_identity.bool())
