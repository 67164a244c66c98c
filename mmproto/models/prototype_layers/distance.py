"""ProtoPNet's prototypes: squared distance turned into a similarity."""

import torch
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS

from .base import PrototypeLayer

ACTIVATIONS = ('log', 'linear')


@MODELS.register_module()
class DistancePrototypes(PrototypeLayer):
    """Similarity of squared Euclidean distance ``d``.

    ``log((d + 1) / (d + epsilon))`` or ``-d``. Source: ProtoPNet,
    https://arxiv.org/abs/1806.10574, section 2.1. Distances are summed from
    differences: the usual expansion into three terms cancels in float32 just
    where a latent meets its prototype.

    Args:
        num_prototypes: Prototypes ``P``.
        channels: Latent channels ``D``.
        activation: ``'log'`` or ``'linear'``.
        epsilon: Bounds the logarithm at ``log(1 / epsilon)``.

    Raises:
        ValueError: If the activation is unknown or epsilon not in (0, 1).
    """

    vectors: nn.Parameter

    def __init__(
        self,
        num_prototypes: int,
        channels: int,
        activation: str = 'log',
        epsilon: float = 1e-4,
    ) -> None:
        super().__init__(num_prototypes, channels)
        if activation not in ACTIVATIONS:
            raise ValueError(
                f'activation must be one of {ACTIVATIONS}, got {activation!r}'
            )
        if not 0 < epsilon < 1:
            raise ValueError(f'epsilon must lie in (0, 1), got {epsilon}')
        self.activation = activation
        self.epsilon = epsilon
        self.vectors = nn.Parameter(torch.rand(num_prototypes, channels))

    @in_full_precision
    def distances(self, latents: Tensor) -> Tensor:
        """Squared distances (N,S,P,H,W) of latents (N,S,D,H,W)."""
        n, s, d, h, w = latents.shape
        flat = latents.permute(0, 1, 3, 4, 2).reshape(-1, d)  # N*S*H*W,D
        distance = torch.cdist(
            flat,
            self.vectors.to(flat.dtype),
            compute_mode='donot_use_mm_for_euclid_dist',
        ).square()  # N*S*H*W,P
        return distance.view(n, s, h, w, -1).permute(0, 1, 4, 2, 3)

    def similarity(self, latents: Tensor) -> Tensor:
        """Minus the squared distance (N,S,P,H,W)."""
        return -self.distances(latents)

    def forward(self, latents: Tensor) -> Tensor:
        """Activate prototypes (N,S,P,H,W) by nearness."""
        distance = self.distances(latents)
        if self.activation == 'linear':
            return -distance
        return torch.log((distance + 1) / (distance + self.epsilon))
