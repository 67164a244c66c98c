"""Base of losses on the concepts that speak for one class."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor

from mmproto.models.losses.base import ConceptLoss


class ClassConceptLoss(ConceptLoss, ABC):
    """Base of losses on the concepts that speak for one class.

    A concept belongs to a class if its class weight is above a share of the
    largest weight of the class. The weights themselves get no gradient.

    Args:
        loss_weight: Factor of the loss.
        threshold: That share, 0 <= threshold < 1. With 0 every positive
            weight counts: in a fresh classifier that is every concept for
            every class.
        eps: Activation below which a concept counts as absent or unused.
        loss_name: Key in the log, ``default_name`` by default.

    Raises:
        ValueError: If a value is out of its range.
    """

    inputs = ('activations', 'labels', 'class_weights')

    default_name: ClassVar[str]

    def __init__(
        self,
        loss_weight: float = 1.0,
        threshold: float = 0.0,
        eps: float = 1e-6,
        loss_name: str | None = None,
    ) -> None:
        super().__init__(loss_weight, loss_name or self.default_name)
        self._check_positive(eps=eps)
        if not 0 <= threshold < 1:
            raise ValueError(
                f'{type(self).__name__}: threshold is {threshold}, expected '
                '0 <= threshold < 1, a share of the largest weight'
            )
        self.threshold = threshold
        self.eps = eps

    def forward(
        self, activations: Tensor, labels: Tensor, class_weights: Tensor
    ) -> Tensor:
        """Compute the weighted loss.

        Args:
            activations: Concept activations (N,K,H,W), at least 0.
            labels: Classes (N,H,W), 255 = ignore.
            class_weights: Non-negative classifier weights (C,K).

        Returns:
            Scalar.
        """
        largest = class_weights.amax(1, keepdim=True).clamp(min=0)
        membership = class_weights > self.threshold * largest
        return self.loss_weight * self.value(activations, labels, membership)

    @abstractmethod
    def value(
        self, activations: Tensor, labels: Tensor, membership: Tensor
    ) -> Tensor:
        """Compute the loss before its weight.

        Args:
            activations: Concept activations (N,K,H,W), at least 0.
            labels: Classes (N,H,W), 255 = ignore.
            membership: Which concept belongs to which class, bool (C,K).

        Returns:
            Scalar.
        """
