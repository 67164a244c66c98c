"""Concepts as weighted products of the prototypes of a class."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS


@MODELS.register_module()
class SimplexGroups(nn.Module):
    """Mix the prototypes of each class into several groups.

    The activation of group ``k`` of class ``c`` is ``exp(sum_p w_ckp a_p)``
    over the prototypes ``p`` of the class. The weights lie on a simplex, on
    which ``SimplexHook`` puts them after every step. Where no prototype is
    active, the activation is one, not zero. Source: ScaleProtoSeg,
    https://arxiv.org/abs/2409.09497, section 3.2.

    Prototypes and groups are ordered by class. A class without prototypes has
    no groups.

    Args:
        num_classes: Classes ``C``.
        groups: Groups ``G`` of a class.
        prototypes: Prototypes ``P_c`` of a class: one number for all classes,
            or one for each, which may be 0.
        radius: What the weights of a group sum to, above 0.

    Raises:
        ValueError: If there are not as many numbers of prototypes as classes,
            or a number is out of its range.
    """

    real: Tensor  # (C',L) bool, false where a class has fewer than L

    def __init__(
        self,
        num_classes: int,
        groups: int,
        prototypes: int | Sequence[int],
        radius: float = 1.0,
    ) -> None:
        super().__init__()
        if isinstance(prototypes, int):
            prototypes = [prototypes] * num_classes
        _check_sizes(num_classes, prototypes, radius)
        self.radius = radius
        self.classes = [c for c, number in enumerate(prototypes) if number]
        self.sizes = [prototypes[c] for c in self.classes]
        largest = max(self.sizes)
        sizes = torch.tensor(self.sizes)
        self.register_buffer(
            'real', torch.arange(largest) < sizes[:, None], persistent=False
        )
        shape = (len(self.sizes), groups, largest)
        self.weight = nn.Parameter(torch.rand(shape) / sizes[:, None, None])
        self.project()

    @property
    def group_weights(self) -> list[Tensor]:
        """Weights (G,P_c) of each class that has prototypes."""
        return [own[:, :n] for own, n in zip(self.weight, self.sizes)]

    @property
    def owners(self) -> Tensor:
        """Group (P,) in which each prototype has its largest weight."""
        classes, groups, _ = self.weight.shape
        first = torch.arange(classes, device=self.weight.device) * groups
        return (self.weight.argmax(dim=1) + first[:, None])[self.real]

    def check_classifier(self, owners: Tensor) -> None:
        """Refuse a classifier that gives groups to other classes.

        Args:
            owners: Class (K,) of each group in the classifier.

        Raises:
            ValueError: If a group mixes prototypes of another class.
        """
        groups = self.weight.shape[1]
        expected = [c for c in self.classes for _ in range(groups)]
        if owners.tolist() != expected:
            raise ValueError(
                f'SimplexGroups has {groups} groups of each of the classes '
                f'{self.classes}, but the classifier gives them to the '
                f"classes {owners.tolist()}; set the classifier's concepts"
            )

    @torch.no_grad()
    def project(self, kept: Tensor | None = None) -> None:
        """Put the weights on the simplex, in place.

        Args:
            kept: Prototypes (P,) that were not pruned, bool; the others get
                no weight.
        """
        mask = self.real.clone()
        if kept is not None:
            mask[self.real] = kept
        rows = self.weight.masked_fill(~mask[:, None], -torch.inf)
        rows = project_on_simplex(rows.flatten(0, 1), self.radius)
        self.weight.copy_(rows.view_as(self.weight))

    @in_full_precision
    def exponents(self, activations: Tensor) -> Tensor:
        """Mix prototype activations (...,P,H,W) to sums (...,K,H,W)."""
        blocks = activations.split(self.sizes, dim=-3)  # ...,P_c,H,W each
        mixed = [
            torch.einsum('gp,...phw->...ghw', own.to(block.dtype), block)
            for own, block in zip(self.group_weights, blocks)
        ]
        return torch.cat(mixed, dim=-3)

    @in_full_precision
    def forward(self, activations: Tensor) -> Tensor:
        """Mix prototype activations (N,P,H,W) to those of groups (N,K,H,W).

        The sums are taken in float64, because the exponential function turns
        a rounding error of theirs into a relative error of the activation.
        """
        return self.exponents(activations.double()).exp().to(activations)


def count_prototypes(
    config: dict | None, num_concepts: int, prototypes_per_concept: int
) -> int:
    """Count the prototypes ``P`` of a head with these options."""
    sizes = (config or {}).get('prototypes')
    return sum(sizes) if sizes else num_concepts * prototypes_per_concept


def build_groups(
    config: dict | None,
    num_classes: int,
    num_concepts: int,
    prototypes_per_concept: int,
) -> nn.Module | None:
    """Build the groups of a head; return ``None`` without a config.

    Args:
        config: Of :class:`SimplexGroups`, or of a class with its methods;
            ``prototypes`` may list those of each class.
        num_classes: Classes ``C``.
        num_concepts: Groups of all classes ``K``.
        prototypes_per_concept: ``M``; a class has ``K * M / C`` prototypes
            where the config does not list them.

    Raises:
        ValueError: If the classes do not have equally many groups.
    """
    if config is None:
        return None
    sizes = config.get('prototypes') or [1] * num_classes
    owning = sum(number > 0 for number in sizes)
    if num_concepts % owning:
        raise ValueError(
            f'{num_concepts} groups do not share out evenly among '
            f'{owning} classes; give a multiple as num_concepts'
        )
    groups = num_concepts // owning
    return MODELS.build(
        dict(prototypes=groups * prototypes_per_concept)
        | config
        | dict(num_classes=num_classes, groups=groups)
    )


def project_on_simplex(rows: Tensor, radius: float = 1.0) -> Tensor:
    """Find the nearest points on the simplex ``w >= 0, sum(w) = radius``.

    Source: Duchi et al., Efficient Projections onto the l1-Ball, ICML 2008,
    figure 1.

    Args:
        rows: Any points (n,m). What is minus infinite becomes zero; a row of
            nothing else stays without weight.
        radius: Sum of each row, above 0.

    Returns:
        Points (n,m).
    """
    largest = rows.sort(dim=1, descending=True).values
    rank = torch.arange(1, rows.shape[1] + 1, device=rows.device)
    excess = largest.cumsum(dim=1) - radius
    above = largest * rank > excess  # a prefix of each row; never the infinite
    number = above.sum(dim=1, keepdim=True)
    place = (number - 1).clamp(min=0)
    bound = excess.gather(1, place) / number.clamp(min=1)
    return torch.where(number > 0, (rows - bound).clamp(min=0), 0)


def _check_sizes(
    num_classes: int, prototypes: Sequence[int], radius: float
) -> None:
    if (
        len(prototypes) != num_classes
        or min(prototypes) < 0
        or max(prototypes) < 1
    ):
        raise ValueError(
            f'SimplexGroups got prototypes={list(prototypes)} for '
            f'{num_classes} classes; give one number, or one of at least 0 '
            'for each class and not 0 for all'
        )
    if not radius > 0:
        raise ValueError(f'SimplexGroups: radius is {radius}, expected > 0')
