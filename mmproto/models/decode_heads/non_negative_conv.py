"""Classifier whose weights in force are never negative."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@MODELS.register_module()
class NonNegativeConv2d(nn.Conv2d):
    """Convolve by ``relu(weight)``, 1x1 and without a bias.

    Source: PIP-Net's classifier, https://arxiv.org/abs/2304.13643, section
    3.2. A weight at or below zero gets no gradient and stays an exact zero.

    Args:
        in_channels: Concepts ``K``.
        out_channels: Classes ``C``.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 1, bias=False)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Give each concept to one class in turn, a tenth to all others.

        Every weight starts positive, so that every one can learn.
        """
        classes, concepts = self.weight.shape[:2]
        self.weight.fill_(0.1 / max(classes - 1, 1))
        for concept in range(concepts):
            self.weight[concept % classes, concept] = 1.0

    @property
    def weight_in_force(self) -> Tensor:
        """Weight (C,K,1,1) that the activations are multiplied by, >= 0."""
        return F.relu(self.weight)

    @property
    def owners(self) -> Tensor:
        """Class (K,) for which each concept has its largest weight."""
        return self.weight_in_force.flatten(1).argmax(dim=0)

    @in_full_precision
    def forward(self, activations: Tensor) -> Tensor:
        """Sum contributions: (N,K,H,W) to evidence (N,C,H,W)."""
        weight = self.weight_in_force.to(activations.dtype)
        return F.conv2d(activations, weight)
