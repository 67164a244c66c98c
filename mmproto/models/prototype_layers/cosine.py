"""Prototypes on the unit sphere, softmax over all of them."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS

from .base import PrototypeLayer, softmax_over_prototypes


@MODELS.register_module()
class CosinePrototypes(PrototypeLayer):
    """Activate prototypes by a softmax of cosine similarity / temperature.

    Activations at one scale sum to one, as PIP-Net's do
    (https://arxiv.org/abs/2304.13643, section 3.1), but every concept has
    vectors that can be projected onto training patches.

    Args:
        num_prototypes: Prototypes ``P``.
        channels: Latent channels ``D``.
        temperature: Divisor of the cosine; the initial one if it is learned.
        learn_temperature: Whether to learn it, in log space.

    Raises:
        ValueError: If the temperature is not positive.
    """

    vectors: nn.Parameter

    def __init__(
        self,
        num_prototypes: int,
        channels: int,
        temperature: float = 0.1,
        learn_temperature: bool = True,
    ) -> None:
        super().__init__(num_prototypes, channels)
        if not temperature > 0:
            raise ValueError(
                f'temperature must be positive, got {temperature}'
            )
        vectors = F.normalize(torch.randn(num_prototypes, channels), dim=1)
        self.vectors = nn.Parameter(vectors)
        log_temperature = torch.tensor(math.log(temperature))
        if learn_temperature:
            self.log_temperature = nn.Parameter(log_temperature)
        else:
            self.register_buffer('log_temperature', log_temperature)

    @property
    def temperature(self) -> Tensor:
        """The temperature in force, a scalar."""
        return self.log_temperature.exp()

    @in_full_precision
    def embed(self, latents: Tensor) -> Tensor:
        """Scale latents (N,S,D,H,W) to unit length."""
        return F.normalize(latents, dim=2)

    @in_full_precision
    def similarity(self, latents: Tensor) -> Tensor:
        """Compute the cosine (N,S,P,H,W) of latents (N,S,D,H,W)."""
        latents = latents.permute(0, 1, 3, 4, 2)  # N,S,H,W,D
        length = latents.norm(dim=-1, keepdim=True).clamp_min(1e-12)
        vectors = F.normalize(self.vectors.to(latents.dtype), dim=1)
        cosine = F.linear(latents, vectors) / length  # N,S,H,W,P
        return cosine.permute(0, 1, 4, 2, 3)

    @in_full_precision
    def forward(self, latents: Tensor) -> Tensor:
        """Activate prototypes (N,S,P,H,W); the sum over ``P`` is one."""
        logits = self.similarity(latents) / self.temperature
        return softmax_over_prototypes(logits)
