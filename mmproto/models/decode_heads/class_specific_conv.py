"""Classifier of concepts that belong to one class each."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@MODELS.register_module()
class ClassSpecificConv2d(nn.Conv2d):
    """Convolve by weights that start for the own class and against others.

    The convolution is 1x1 and has no bias; weights may be negative. Concepts
    are ordered by class. Source: the last layer of ProtoPNet,
    https://arxiv.org/abs/1806.10574, section 2.2.

    Args:
        in_channels: Concepts ``K``.
        out_channels: Classes ``C``.
        other: Initial weight of a concept for every class but its own.
        concepts: Concepts of each class, which may be 0; equally many by
            default.

    Raises:
        ValueError: If the concepts do not share out evenly among the classes,
            or are not as many as ``concepts`` says.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        other: float = -0.5,
        concepts: Sequence[int] | None = None,
    ) -> None:
        if concepts is None and in_channels % out_channels:
            raise ValueError(
                f'{in_channels} concepts do not share out evenly among '
                f'{out_channels} classes; give a multiple as num_concepts, or '
                "the number of each class as the classifier's concepts"
            )
        concepts = concepts or [in_channels // out_channels] * out_channels
        if len(concepts) != out_channels or sum(concepts) != in_channels:
            raise ValueError(
                f'ClassSpecificConv2d got concepts={list(concepts)}, expected '
                f'{out_channels} numbers that sum to {in_channels}'
            )
        self.concepts = tuple(concepts)  # nn.Conv2d initialises at once
        self.other = other
        super().__init__(in_channels, out_channels, 1, bias=False)

    @property
    def owners(self) -> Tensor:
        """Class (K,) of each concept."""
        numbers = torch.tensor(self.concepts, device=self.weight.device)
        return torch.repeat_interleave(numbers)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Set weights to one for the own class, to ``other`` for the rest."""
        own = F.one_hot(self.owners, len(self.weight)).T  # C,K
        weight = torch.where(own.bool(), 1.0, self.other)
        self.weight.copy_(weight[:, :, None, None])

    @property
    def weight_in_force(self) -> Tensor:
        """Weight (C,K,1,1) that the activations are multiplied by."""
        return self.weight

    @in_full_precision
    def forward(self, activations: Tensor) -> Tensor:
        """Sum contributions: (N,K,H,W) to evidence (N,C,H,W)."""
        return F.conv2d(activations, self.weight.to(activations.dtype))
