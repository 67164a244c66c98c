"""What every prototype layer provides."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from mmproto.models.precision import full_precision


def softmax_over_prototypes(logits: Tensor) -> Tensor:
    """Take the softmax of logits (N,S,P,H,W) over ``P``.

    Memory is channels-last, so that along the last axis it needs no copy.
    """
    channels_last = logits.permute(0, 1, 3, 4, 2)  # N,S,H,W,P
    return channels_last.softmax(dim=-1).permute(0, 1, 4, 2, 3)


class PrototypeLayer(nn.Module, ABC):
    """Base of layers that compare every latent with every prototype.

    Latents are (N,S,D,H,W) in channels-last memory, so that the products with
    the prototypes are single matrix products.

    Args:
        num_prototypes: Prototypes ``P``.
        channels: Latent channels ``D``.

    Raises:
        ValueError: If a number is below one.
    """

    vectors: nn.Parameter | None

    def __init__(self, num_prototypes: int, channels: int) -> None:
        super().__init__()
        if num_prototypes < 1 or channels < 1:
            raise ValueError(
                f'{type(self).__name__} got num_prototypes={num_prototypes} '
                f'and channels={channels}; both must be at least 1'
            )
        self.num_prototypes = num_prototypes
        self.channels = channels
        self.register_parameter('vectors', None)

    def embed(self, latents: Tensor) -> Tensor:
        """Bring latents (N,S,D,H,W) into the space of the prototypes."""
        return full_precision(latents)

    @abstractmethod
    def similarity(self, latents: Tensor) -> Tensor:
        """Compare latents (N,S,D,H,W): (N,S,P,H,W), larger is nearer."""

    @abstractmethod
    def forward(self, latents: Tensor) -> Tensor:
        """Activate prototypes (N,S,P,H,W) by latents (N,S,D,H,W)."""

    @torch.no_grad()
    def set_vectors(self, vectors: Tensor) -> None:
        """Overwrite the prototypes in place.

        Args:
            vectors: New prototypes (P,D).

        Raises:
            ValueError: If the layer has no vectors or the shape differs.
        """
        if self.vectors is None:
            raise ValueError(
                f'{type(self).__name__} has no prototype vectors to overwrite'
            )
        if vectors.shape != self.vectors.shape:
            raise ValueError(
                f'prototypes have shape {tuple(self.vectors.shape)}, got '
                f'{tuple(vectors.shape)}'
            )
        self.vectors.copy_(vectors)
