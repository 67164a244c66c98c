"""Distance of every pixel to the nearest prototype of another class."""

from torch import Tensor

from mmproto.models.losses.base import ConceptLoss
from mmproto.models.losses.cluster_loss import nearest_terms
from mmproto.models.losses.ranks import mean_over_ranks
from mmproto.registry import MODELS


def separation_cost(
    distances: Tensor, labels: Tensor, class_identity: Tensor
) -> Tensor:
    """Mean distance to the nearest prototype of any other class.

    Chen et al., ProtoPNet, NeurIPS 2019, separation cost Sep, for pixels
    instead of images and without its minus sign: the loss is its negative.

    Args:
        distances: Squared distances (n,P).
        labels: Class of every sample (n,), 255 = ignore.
        class_identity: Which prototype belongs to which class, bool (P,C).

    Returns:
        Scalar, 0 if no sample counts. Samples for which there is no prototype
        of another class do not count.
    """
    total, count = nearest_terms(distances, labels, ~class_identity.bool())
    return total / count.clamp(min=1)


@MODELS.register_module()
class SeparationLoss(ConceptLoss):
    """Pushes the nearest prototype of another class away from every pixel.

    The loss is minus :func:`separation_cost`, so the weight is positive. It
    has no lower bound: keep the weight small.

    Args:
        loss_weight: Factor of the loss; ProtoPNet takes 0.08.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range.
    """

    inputs = ('distances', 'labels', 'class_identity')

    def __init__(
        self, loss_weight: float = 0.08, loss_name: str = 'loss_separation'
    ) -> None:
        super().__init__(loss_weight, loss_name)

    def forward(
        self, distances: Tensor, labels: Tensor, class_identity: Tensor
    ) -> Tensor:
        """Weighted loss.

        Args:
            distances: Squared distances (N,P,H,W).
            labels: Classes (N,H,W), 255 = ignore.
            class_identity: Bool (P,C).

        Returns:
            Scalar, at most 0.
        """
        terms = nearest_terms(
            distances.movedim(1, -1).flatten(0, 2),  # (N*H*W,P)
            labels.flatten(),
            ~class_identity.bool(),
        )
        return -self.loss_weight * mean_over_ranks(*terms)
