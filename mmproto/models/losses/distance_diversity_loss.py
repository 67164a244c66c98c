"""ProtoSeg's diversity, on distances, as its papers and codes have it."""

import torch
from torch import Tensor

from mmproto.models.losses.base import ConceptLoss
from mmproto.models.losses.jeffreys_loss import jeffreys_diversity
from mmproto.registry import MODELS


def published_labels(labels: Tensor, num_classes: int) -> Tensor:
    """Read labels as ProtoSeg's released diversity term does.

    Its data have 0 for void and ``c + 1`` for class ``c``, but the term takes
    the pixels of value ``c`` for class ``c``: those of the class before, void
    for the first class, and none of the last class.

    Args:
        labels: Classes (N,H,W), void outside 0..C-1.
        num_classes: ``C``.

    Returns:
        The class (N,H,W) that the term takes each pixel for.
    """
    known = (labels >= 0) & (labels < num_classes)
    return torch.where(known, labels + 1, 0)


@MODELS.register_module()
class DistanceDiversityLoss(ConceptLoss):
    """Keep the prototypes of a class near to different pixels of it.

    Sacha et al., ProtoSeg, WACV 2023, equation 2: the distribution of a
    prototype over the pixels of its class is a softmax of distances. As
    published, it is that of the distance itself, so that its mass lies on the
    farthest pixels.

    Args:
        loss_weight: Factor of the loss; ProtoSeg takes 0.25.
        as_published: Take the softmax of distances instead of their negative,
            as in the papers of ProtoSeg and ScaleProtoSeg.
        label_shift: Take the pixels of the class before, as in ProtoSeg's
            released code: see :func:`published_labels`.
        per_scale: Compare prototypes of one scale only, as in ScaleProtoSeg.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range.
    """

    inputs = ('distances', 'labels', 'class_identity', 'prototype_scales')

    def __init__(
        self,
        loss_weight: float = 0.25,
        as_published: bool = False,
        label_shift: bool = False,
        per_scale: bool = False,
        loss_name: str = 'loss_diversity',
    ) -> None:
        super().__init__(loss_weight, loss_name)
        self.as_published = as_published
        self.label_shift = label_shift
        self.per_scale = per_scale

    def forward(
        self,
        distances: Tensor,
        labels: Tensor,
        class_identity: Tensor,
        prototype_scales: Tensor,
    ) -> Tensor:
        """Compute the weighted loss.

        Args:
            distances: Squared distances (N,P,H,W), infinite where pruned.
            labels: Classes (N,H,W), 255 = ignore.
            class_identity: Bool (P,C), false where pruned.
            prototype_scales: Scale of each prototype (P,).

        Returns:
            Scalar.
        """
        scores = distances.nan_to_num(posinf=0.0)  # belongs to no class
        if not self.as_published:
            scores = -scores
        if self.label_shift:
            labels = published_labels(labels, class_identity.shape[1])
        groups = prototype_scales if self.per_scale else None
        loss = jeffreys_diversity(scores, labels, class_identity, groups)
        return self.loss_weight * loss
