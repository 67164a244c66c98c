"""Classifier of concepts that belong to one class each."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@MODELS.register_module()
class ClassSpecificConv2d(nn.Conv2d):
    """Bias-free 1x1 convolution: for the own class, against all others.

    Concepts come in equal runs, those of the first class first. Weights may
    be negative. Source: the last layer of ProtoPNet,
    https://arxiv.org/abs/1806.10574, section 2.2.

    Args:
        in_channels: Concepts ``K``.
        out_channels: Classes ``C``.
        other: Weight of a concept for all classes but its own in the
            beginning.

    Raises:
        ValueError: If the classes do not have equally many concepts.
    """

    def __init__(
        self, in_channels: int, out_channels: int, other: float = -0.5
    ) -> None:
        if in_channels % out_channels:
            raise ValueError(
                f'{in_channels} concepts do not share out evenly among '
                f'{out_channels} classes; give a multiple as num_concepts'
            )
        self.other = other  # nn.Conv2d initialises at once
        super().__init__(in_channels, out_channels, 1, bias=False)

    @property
    def owners(self) -> Tensor:
        """Class (K,) that each concept belongs to."""
        classes, concepts = self.weight.shape[:2]
        number = torch.arange(concepts, device=self.weight.device)
        return number * classes // concepts

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """One for the own class, ``other`` for the rest."""
        own = F.one_hot(self.owners, len(self.weight)).T  # C,K
        weight = torch.where(own.bool(), 1.0, self.other)
        self.weight.copy_(weight[:, :, None, None])

    @property
    def weight_in_force(self) -> Tensor:
        """What the activations are multiplied with (C,K,1,1)."""
        return self.weight

    @in_full_precision
    def forward(self, activations: Tensor) -> Tensor:
        """Sum contributions: (N,K,H,W) to evidence (N,C,H,W)."""
        return F.conv2d(activations, self.weight.to(activations.dtype))
