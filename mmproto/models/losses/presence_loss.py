"""Presence: every concept should be seen somewhere (PIP-Net)."""

import torch
from torch import Tensor

from mmproto.models.losses.base import ConceptLoss
from mmproto.models.losses.ranks import sum_over_ranks
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS

POOLINGS = ('sum', 'max')


@in_full_precision
def concept_presence(activations: Tensor, pooling: str = 'sum') -> Tensor:
    """Measure how much of every concept a batch holds.

    Args:
        activations: Concept activations (N,K,H,W), at least 0.
        pooling: ``sum`` over all pixels of the batch, or ``max`` over the
            pixels of an image and then the sum over images.

    Returns:
        Presence (K,), in pixels for ``sum``, in images for ``max``.

    Raises:
        ValueError: If the pooling is unknown.
    """
    if pooling not in POOLINGS:
        raise ValueError(f"pooling is '{pooling}', expected one of {POOLINGS}")
    if pooling == 'sum':
        return activations.sum((0, 2, 3))
    return activations.amax((2, 3)).sum(0)


@in_full_precision
def presence_loss(presence: Tensor, eps: float = 1e-6) -> Tensor:
    """Penalise concepts that are hardly present; flat once they are.

    Nauta et al., PIP-Net, CVPR 2023, tanh loss L_T:
    ``-mean_k log(tanh(presence_k) + eps)``.

    Args:
        presence: Presence of every concept (K,), at least 0.
        eps: Floor inside the logarithm; the gradient of a concept that is
            nowhere present is ``1 / (K eps)``.

    Returns:
        Scalar.
    """
    return -(presence.tanh() + eps).log().mean()


@MODELS.register_module()
class PresenceLoss(ConceptLoss):
    """Ask for every concept, in the batch of all ranks or a memory.

    PIP-Net adds up the largest activation in each image of the batch. A batch
    of street scenes holds 2-8 images: most concepts (the wheel of a truck)
    are rightly absent from it, and asking for them makes them fire anywhere.
    So presence counts pixels (``sum``), where a few are enough, or it looks
    back: with ``decay``, the presence in earlier iterations counts as well,
    without gradient, and only concepts unseen for about ``1 / (1 - decay)``
    iterations are called for.

    The memory is the buffer ``memory`` (K,): it is saved and resumed with the
    model, and is the same on every rank because presence is summed over ranks.

    Args:
        loss_weight: Factor of the loss.
        pooling: ``sum`` or ``max``, see :func:`concept_presence`. A softmax
            that leaks a little everywhere satisfies ``sum``; raise ``unit``
            or take ``max`` with a memory then.
        unit: Presence that counts as 1 (``tanh`` is 0.76), in pixels for
            ``sum``, in images for ``max``.
        decay: Share of the memory left after one iteration, 0 for no memory.
        num_concepts: K, needed for a memory only.
        eps: Floor inside the logarithm.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range, or if there is a memory
            and no ``num_concepts``.
    """

    inputs = ('activations',)
    memory: Tensor

    def __init__(
        self,
        loss_weight: float = 1.0,
        pooling: str = 'sum',
        unit: float = 1.0,
        decay: float = 0.0,
        num_concepts: int | None = None,
        eps: float = 1e-6,
        loss_name: str = 'loss_presence',
    ) -> None:
        super().__init__(loss_weight, loss_name)
        self._check_positive(unit=unit, eps=eps)
        if pooling not in POOLINGS:
            raise ValueError(
                f"PresenceLoss: pooling is '{pooling}', expected one of "
                f'{POOLINGS}'
            )
        if not 0 <= decay < 1:
            raise ValueError(
                f'PresenceLoss: decay is {decay}, expected 0 <= decay < 1'
            )
        if decay and not num_concepts:
            raise ValueError(
                'PresenceLoss: a memory (decay > 0) needs num_concepts, the '
                'num_concepts of the head'
            )
        self.pooling = pooling
        self.unit = unit
        self.decay = decay
        self.eps = eps
        if decay:
            self.register_buffer('memory', torch.zeros(num_concepts or 0))

    def forward(self, activations: Tensor) -> Tensor:
        """Compute the weighted loss; in training the memory moves on.

        Args:
            activations: Concept activations (N,K,H,W).

        Returns:
            Scalar.

        Raises:
            ValueError: If the memory was made for another number of concepts.
        """
        now = concept_presence(activations, self.pooling) / self.unit
        now = sum_over_ranks(now)  # (K,)
        if self.decay:
            now = self._remember(now)
        return self.loss_weight * presence_loss(now, self.eps)

    def _remember(self, now: Tensor) -> Tensor:
        if now.shape != self.memory.shape:
            raise ValueError(
                f'PresenceLoss: num_concepts is {len(self.memory)}, but the '
                f'head has {len(now)} concepts; make them equal'
            )
        now = now + self.decay * self.memory
        if self.training:
            self.memory.copy_(now.detach())
        return now
