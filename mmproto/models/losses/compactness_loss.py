"""Latents stay near prototypes, so that projection changes little."""

from torch import Tensor

from mmproto.models.losses.base import ConceptLoss, check_same_shape
from mmproto.models.losses.ranks import mean_over_ranks
from mmproto.models.metainfo import VOID
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@in_full_precision
def compactness_terms(
    nearest: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor]:
    """Sum and number of ``1 - nearest`` over labelled pixels.

    Args:
        nearest: Largest cosine of a pixel to a prototype (N,H,W).
        labels: Classes (N,H,W), 255 = ignore.

    Returns:
        Scalars: the sum, and the number of pixels.

    Raises:
        ValueError: If the shapes differ.
    """
    check_same_shape(nearest, labels, 'cosines and labels')
    labelled = labels != VOID
    return ((1 - nearest) * labelled).sum(), labelled.sum()


def compactness(nearest: Tensor, labels: Tensor) -> Tensor:
    """Mean cosine distance of labelled pixels to their nearest prototype.

    The objective of spherical k-means (Dhillon and Modha, Machine Learning
    42, 2001, section 3), one minus the cosine to the nearest centre.

    Args:
        nearest: Largest cosine of a pixel to a prototype (N,H,W).
        labels: Classes (N,H,W), 255 = ignore.

    Returns:
        Scalar in [0,2], 0 if no pixel is labelled.
    """
    total, count = compactness_terms(nearest, labels)
    return total / count.clamp(min=1)


@MODELS.register_module()
class CompactnessLoss(ConceptLoss):
    """Pulls each pixel and its nearest prototype together.

    The softmax of a sharp temperature only asks that one prototype is nearer
    than all others; at what distance does not matter to it. Projection then
    moves prototypes far. Of a pixel's latents that of the scale nearest to
    any prototype counts.

    Args:
        loss_weight: Factor of the loss.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range.
    """

    inputs = ('nearest', 'labels')

    def __init__(
        self, loss_weight: float = 0.1, loss_name: str = 'loss_compactness'
    ) -> None:
        super().__init__(loss_weight, loss_name)

    def forward(self, nearest: Tensor, labels: Tensor) -> Tensor:
        """Weighted loss.

        Args:
            nearest: Largest cosine of a pixel to a prototype (N,H,W).
            labels: Classes (N,H,W), 255 = ignore.

        Returns:
            Scalar.
        """
        terms = compactness_terms(nearest, labels)
        return self.loss_weight * mean_over_ranks(*terms)
