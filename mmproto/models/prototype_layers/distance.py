"""ProtoPNet's prototypes: squared distance turned into a similarity."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS

from .base import PrototypeLayer
from .squared_distance import SquaredDistance

ACTIVATIONS = ('log', 'linear')


@MODELS.register_module()
class DistancePrototypes(PrototypeLayer):
    """Turn the squared Euclidean distance ``d`` into a similarity.

    It is ``log((d + 1) / (d + epsilon))`` or ``-d``. Source: ProtoPNet,
    https://arxiv.org/abs/1806.10574, section 2.1. Distances are summed from
    differences: the usual expansion into three terms cancels in float32 just
    where a latent meets its prototype.

    With ``per_scale``, runs of prototypes belong to the scales in turn, and
    are compared with the latents of their own scale only: ScaleProtoSeg,
    https://arxiv.org/abs/2409.09497, section 3.1. At other scales, and where
    a prototype was pruned, the distance is infinite and the activation zero.

    Args:
        num_prototypes: Prototypes ``P``.
        channels: Latent channels ``D``.
        activation: ``'log'`` or ``'linear'``.
        epsilon: Bounds the logarithm at ``log(1 / epsilon)``.
        per_scale: Length of the runs: one number for all, or one for each
            run, class by class and within a class scale by scale, which may
            be 0. ``None`` compares every prototype at every scale.

    Raises:
        ValueError: If the activation is unknown, epsilon not in (0, 1), or
            ``per_scale`` out of its range or used with a linear activation,
            which has no value for "not here"; and, when the layer is used,
            if the runs do not share out evenly among the scales.
    """

    vectors: nn.Parameter
    kept: Tensor  # (P,) bool, False where pruned

    def __init__(
        self,
        num_prototypes: int,
        channels: int,
        activation: str = 'log',
        epsilon: float = 1e-4,
        per_scale: int | Sequence[int] | None = None,
    ) -> None:
        super().__init__(num_prototypes, channels)
        if activation not in ACTIVATIONS:
            raise ValueError(
                f'activation must be one of {ACTIVATIONS}, got {activation!r}'
            )
        if not 0 < epsilon < 1:
            raise ValueError(f'epsilon must lie in (0, 1), got {epsilon}')
        self.runs = _runs(per_scale, num_prototypes)
        if self.runs is not None and activation != 'log':
            raise ValueError(
                f"per_scale needs activation='log', got {activation!r}"
            )
        self.activation = activation
        self.epsilon = epsilon
        self.per_scale = per_scale
        self.vectors = nn.Parameter(torch.rand(num_prototypes, channels))
        self.register_buffer(
            'kept', torch.ones(num_prototypes, dtype=torch.bool)
        )

    def compared(self, num_scales: int) -> Tensor:
        """Tell which prototypes are compared at which scale, bool (S,P).

        Args:
            num_scales: Scales ``S`` of the latents.

        Raises:
            ValueError: If prototypes are bound to other numbers of scales.
        """
        if self.runs is None:
            return self.kept.expand(num_scales, -1)
        if len(self.runs) % num_scales:
            raise ValueError(
                f'{self.num_prototypes} prototypes in {len(self.runs)} runs '
                f'(per_scale={self.per_scale}) do not share out among '
                f'{num_scales} scales; give a multiple of {num_scales} runs'
            )
        runs = torch.tensor(self.runs, device=self.kept.device)
        scale = torch.repeat_interleave(runs) % num_scales  # P
        scales = torch.arange(num_scales, device=self.kept.device)
        return (scale == scales[:, None]) & self.kept

    @in_full_precision
    def distances(self, latents: Tensor) -> Tensor:
        """Measure squared distances (N,S,P,H,W) of latents (N,S,D,H,W)."""
        compared = self.compared(latents.shape[1])
        vectors = self.vectors.to(latents.dtype)
        maps = []
        for scale, own in enumerate(compared):
            flat = latents[:, scale].permute(0, 2, 3, 1)  # N,H,W,D
            distance = flat.new_full((*flat.shape[:3], len(own)), torch.inf)
            near = SquaredDistance.apply(flat.flatten(0, 2), vectors[own])
            distance[..., own] = near.unflatten(0, flat.shape[:3])  # N,H,W,own
            maps.append(distance)
        return torch.stack(maps, dim=1).permute(0, 1, 4, 2, 3)

    def similarity(self, latents: Tensor) -> Tensor:
        """Return minus the squared distance (N,S,P,H,W)."""
        return -self.distances(latents)

    def forward(self, latents: Tensor) -> Tensor:
        """Activate prototypes (N,S,P,H,W) by nearness."""
        distance = self.distances(latents)
        absent = ~self.compared(latents.shape[1])[:, :, None, None]
        distance = distance.masked_fill(absent, 0)
        if self.activation == 'linear':
            return -distance
        similarity = torch.log((distance + 1) / (distance + self.epsilon))
        return similarity.masked_fill(absent, 0)


def _runs(
    per_scale: int | Sequence[int] | None, number: int
) -> list[int] | None:
    """Length of each run of prototypes; they sum to their number."""
    if per_scale is None:
        return None
    if isinstance(per_scale, int):
        runs = [per_scale] * (number // per_scale if per_scale > 0 else 0)
    else:
        runs = list(per_scale)
    if sum(runs) != number or min(runs, default=0) < 0:
        raise ValueError(
            f'per_scale must share out all {number} prototypes: give a '
            f'divisor, or the lengths of all runs; got {per_scale}'
        )
    return runs
