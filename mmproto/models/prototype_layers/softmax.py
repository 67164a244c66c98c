"""PIP-Net's concepts: channels that compete, without prototype vectors."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS

from .base import PrototypeLayer, softmax_over_prototypes


@MODELS.register_module()
class SoftmaxConcepts(PrototypeLayer):
    """Take the softmax over channels, after a 1x1 convolution or none.

    Source: PIP-Net, https://arxiv.org/abs/2304.13643, section 3.1.

    Args:
        num_prototypes: Prototypes ``P``.
        channels: Latent channels ``D``.
        add_on: Whether a 1x1 convolution maps latents to prototypes. Without
            it the latent channels are the prototypes.

    Raises:
        ValueError: If ``D`` differs from ``P`` without the convolution.
    """

    def __init__(
        self, num_prototypes: int, channels: int, add_on: bool = True
    ) -> None:
        super().__init__(num_prototypes, channels)
        if not add_on and channels != num_prototypes:
            raise ValueError(
                f'without the add-on convolution the {channels} latent '
                f'channels are the prototypes; expected {num_prototypes}'
            )
        self.add_on = nn.Linear(channels, num_prototypes) if add_on else None

    @in_full_precision
    def similarity(self, latents: Tensor) -> Tensor:
        """Compute logits (N,S,P,H,W) of latents (N,S,D,H,W)."""
        if self.add_on is None:
            return latents
        latents = latents.permute(0, 1, 3, 4, 2)  # N,S,H,W,D
        weight = self.add_on.weight.to(latents.dtype)
        bias = self.add_on.bias.to(latents.dtype)
        return F.linear(latents, weight, bias).permute(0, 1, 4, 2, 3)

    @in_full_precision
    def forward(self, latents: Tensor) -> Tensor:
        """Activate prototypes (N,S,P,H,W); the sum over ``P`` is one."""
        return softmax_over_prototypes(self.similarity(latents))
