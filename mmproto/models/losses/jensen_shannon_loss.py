"""Jensen-Shannon divergence of all concepts over the image (ReProSeg)."""

import math

from torch import Tensor

from mmproto.models.losses.base import ConceptLoss
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@in_full_precision
def jensen_shannon_diversity(scores: Tensor, swapped: bool = False) -> Tensor:
    """Average ``exp(-JSD)`` over images, of their spatial distributions.

    With ``u_k`` the distribution of concept ``k`` over the pixels and ``m``
    their mean, ``JSD = mean_k KL(u_k || m)``, from 0 (all equal) to
    ``log K`` (all apart). Lin, IEEE Trans. Inf. Theory 1991, the divergence
    of several distributions.

    Args:
        scores: (N,K,H,W); their softmax over the pixels is ``u``. Give the
            logarithm of activations for a ``u`` proportional to them.
        swapped: Take ``KL(m || u_k)`` as the released code of ReProSeg does.

    Returns:
        Scalar in (0,1].
    """
    log_u = scores.flatten(2).log_softmax(-1)  # (N,K,H*W)
    log_m = log_u.logsumexp(1, keepdim=True) - math.log(log_u.shape[1])
    ratio = log_u - log_m
    terms = -log_m.exp() * ratio if swapped else log_u.exp() * ratio
    return (-terms.sum(-1).mean(1)).exp().mean()


@in_full_precision
def log_activations(activations: Tensor, eps: float) -> Tensor:
    """Take scores whose softmax over pixels is proportional to activations.

    Args:
        activations: Any shape, at least 0.
        eps: Activation below which a concept counts as absent.

    Returns:
        ``log(activations + eps)``.
    """
    return (activations + eps).log()


@MODELS.register_module()
class JensenShannonDiversityLoss(ConceptLoss):
    """Keep all concepts of an image apart.

    Args:
        loss_weight: Factor of the loss.
        compatible: Compute as ReProSeg's released code does: softmax of the
            activations themselves, which is nearly uniform, and the swapped
            divergence.
        eps: Activation below which a concept counts as absent; not used in
            the compatible mode.
        loss_name: Key in the log.

    Raises:
        ValueError: If a value is out of its range.
    """

    inputs = ('activations',)

    def __init__(
        self,
        loss_weight: float = 1.0,
        compatible: bool = False,
        eps: float = 1e-6,
        loss_name: str = 'loss_jensen_shannon',
    ) -> None:
        super().__init__(loss_weight, loss_name)
        self._check_positive(eps=eps)
        self.compatible = compatible
        self.eps = eps

    def forward(self, activations: Tensor) -> Tensor:
        """Compute the weighted loss.

        Args:
            activations: Concept activations (N,K,H,W).

        Returns:
            Scalar.
        """
        scores = activations
        if not self.compatible:
            scores = log_activations(activations, self.eps)
        loss = jensen_shannon_diversity(scores, swapped=self.compatible)
        return self.loss_weight * loss
