"""Concepts as weighted products of the prototypes of a class."""

import torch
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@MODELS.register_module()
class SimplexGroups(nn.Module):
    """Groups the prototypes of a class, in several mixtures.

    Activation of group ``k`` of class ``c`` is
    ``exp(sum_p w_ckp a_p)`` over the prototypes ``p`` of the class, with
    weights on the simplex, on which ``SimplexHook`` puts them after every
    step. It is one, not zero, where no prototype is active. Source:
    ScaleProtoSeg, https://arxiv.org/abs/2409.09497, section 3.2.

    Args:
        num_classes: Classes ``C``.
        groups: Groups ``G`` of a class.
        prototypes: Prototypes ``P_c`` of a class.
    """

    def __init__(self, num_classes: int, groups: int, prototypes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(
            torch.rand(num_classes, groups, prototypes) / prototypes
        )
        self.project()

    @property
    def group_weights(self) -> list[Tensor]:
        """Weights of each class, (G,P_c) each."""
        return list(self.weight)

    @property
    def owners(self) -> Tensor:
        """Group (P,) in which each prototype has its largest weight."""
        classes, groups, _ = self.weight.shape
        first = torch.arange(classes, device=self.weight.device) * groups
        return (self.weight.argmax(dim=1) + first[:, None]).flatten()

    @torch.no_grad()
    def project(self, kept: Tensor | None = None) -> None:
        """Put the weights on the simplex, in place.

        Args:
            kept: Prototypes (P,) that were not pruned, bool; the others get
                no weight.
        """
        rows = self.weight.flatten(0, 1)  # CG,P_c
        if kept is None:
            rows = project_on_simplex(rows)
        else:
            mask = kept.view(len(self.weight), 1, -1).expand_as(self.weight)
            mask = mask.flatten(0, 1)
            rows = project_on_simplex(rows.masked_fill(~mask, -torch.inf))
        self.weight.copy_(rows.view_as(self.weight))

    @in_full_precision
    def exponents(self, activations: Tensor) -> Tensor:
        """Weighted sums (...,K,H,W) of prototype activations (...,P,H,W)."""
        classes = len(self.weight)
        maps = activations.unflatten(-3, (classes, -1))  # ...,C,P_c,H,W
        weight = self.weight.to(maps.dtype)
        mixed = torch.einsum('cgp,...cphw->...cghw', weight, maps)
        return mixed.flatten(-4, -3)  # ...,CG,H,W

    @in_full_precision
    def forward(self, activations: Tensor) -> Tensor:
        """Group activations (N,K,H,W) of prototype activations (N,P,H,W)."""
        return self.exponents(activations).exp()


def build_groups(
    config: dict | None,
    num_classes: int,
    num_concepts: int,
    prototypes_per_concept: int,
) -> nn.Module | None:
    """Build the groups of a head; ``None`` without a config.

    Args:
        config: Of :class:`SimplexGroups`, or of one with its methods.
        num_classes: Classes ``C``.
        num_concepts: Groups of all classes ``K``.
        prototypes_per_concept: ``M``; a class has ``K * M / C`` prototypes.

    Raises:
        ValueError: If the classes do not have equally many groups.
    """
    if config is None:
        return None
    if num_concepts % num_classes:
        raise ValueError(
            f'{num_concepts} groups do not share out evenly among '
            f'{num_classes} classes; give a multiple as num_concepts'
        )
    groups = num_concepts // num_classes
    return MODELS.build(
        config
        | dict(
            num_classes=num_classes,
            groups=groups,
            prototypes=groups * prototypes_per_concept,
        )
    )


def project_on_simplex(rows: Tensor) -> Tensor:
    """Nearest points on the simplex ``w >= 0, sum(w) = 1``.

    Source: Duchi et al., Efficient Projections onto the l1-Ball, ICML 2008,
    figure 1.

    Args:
        rows: Any points (n,m); what is minus infinite becomes zero, and a row
            of nothing else stays without weight.

    Returns:
        Points (n,m).
    """
    largest = rows.sort(dim=1, descending=True).values
    rank = torch.arange(1, rows.shape[1] + 1, device=rows.device)
    excess = largest.cumsum(dim=1) - 1
    above = largest * rank > excess  # a prefix of each row; never the infinite
    number = above.sum(dim=1, keepdim=True)
    place = (number - 1).clamp(min=0)
    bound = excess.gather(1, place) / number.clamp(min=1)
    return torch.where(number > 0, (rows - bound).clamp(min=0), 0)
