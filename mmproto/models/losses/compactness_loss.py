"""Latents stay near prototypes, so that projection changes little."""

from torch import Tensor

from mmproto.models.losses.base import ConceptLoss, check_same_shape
from mmproto.models.losses.ranks import mean_over_ranks
from mmproto.models.metainfo import VOID
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@MODELS.register_module()
class CompactnessLoss(ConceptLoss):
    """Pull each pixel and its nearest prototype together.

    The softmax of a sharp temperature only asks that one prototype is nearer
    than all others, at whatever distance; projection then moves prototypes
    far. The loss is one minus the cosine, the objective of spherical k-means
    (Dhillon and Modha, Machine Learning 42, 2001, section 3). Of a pixel's
    latents, that of the scale nearest to any prototype counts.

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

    @in_full_precision
    def forward(self, nearest: Tensor, labels: Tensor) -> Tensor:
        """Compute the weighted mean over labelled pixels.

        Args:
            nearest: Largest cosine of a pixel to a prototype (N,H,W).
            labels: Classes (N,H,W), 255 = ignore.

        Returns:
            Scalar in [0,2] times the weight, 0 if no pixel is labelled.

        Raises:
            ValueError: If the shapes differ.
        """
        check_same_shape(nearest, labels, 'cosines and labels')
        labelled = labels != VOID
        total = ((1 - nearest) * labelled).sum()
        return self.loss_weight * mean_over_ranks(total, labelled.sum())
