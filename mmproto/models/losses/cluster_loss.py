"""Distance of every pixel to the nearest prototype of its class."""

from torch import Tensor

from mmproto.models.losses.base import ConceptLoss
from mmproto.models.losses.ranks import mean_over_ranks
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@in_full_precision
def nearest_terms(
    distances: Tensor, labels: Tensor, wanted: Tensor
) -> tuple[Tensor, Tensor]:
    """Sum and number of the smallest distances to wanted prototypes.

    Args:
        distances: Squared distances (n,P).
        labels: Class of every sample (n,); any value outside 0..C-1 (255)
            leaves the sample out.
        wanted: Prototypes to look at for each class, bool (P,C); samples of a
            class with none are left out.

    Returns:
        Scalars: the sum, and the number of samples that count.
    """
    known = (labels >= 0) & (labels < wanted.shape[1])
    mask = wanted.bool().mT[labels[known]]  # (n',P)
    counted = mask.any(1)
    mask, distances = mask[counted], distances[known][counted]
    far = distances.masked_fill(~mask, float('inf'))
    return far.min(1).values.sum(), counted.sum()


def cluster_cost(
    distances: Tensor, labels: Tensor, class_identity: Tensor
) -> Tensor:
    """Mean distance to the nearest prototype of the own class.

    Chen et al., ProtoPNet, NeurIPS 2019, cluster cost Clst, for pixels
    instead of images.

    Args:
        distances: Squared distances (n,P).
        labels: Class of every sample (n,), 255 = ignore.
        class_identity: Which prototype belongs to which class, bool (P,C).

    Returns:
        Scalar, 0 if no sample counts. Samples of a class without prototypes
        do not count.
    """
    total, count = nearest_terms(distances, labels, class_identity)
    return total / count.clamp(min=1)


@MODELS.register_module()
class ClusterLoss(ConceptLoss):
    """Pulls the nearest prototype of its class to every pixel.

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
        """Weighted loss.

        Args:
            distances: Squared distances (N,P,H,W).
            labels: Classes (N,H,W), 255 = ignore.
            class_identity: Bool (P,C).

        Returns:
            Scalar.
        """
        terms = nearest_terms(
            distances.movedim(1, -1).flatten(0, 2),  # (N*H*W,P)
            labels.flatten(),
            class_identity,
        )
        return self.loss_weight * mean_over_ranks(*terms)
