"""Layers with the same parameters and results, made of traceable steps.

Code that trains fast does not always trace: additions into views get lost,
and conditions on the size of the map are frozen.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmproto.models.necks import SharedASPP
from mmproto.models.necks.shifted_taps import OFFSETS
from mmproto.models.necks.stage_mix import StageMix
from mmproto.models.precision import in_full_precision
from mmproto.models.prototype_layers import DistancePrototypes


class TraceableASPP(SharedASPP):
    """``SharedASPP`` that shifts by slices of padded maps, of any size."""

    def forward(self, inputs: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
        """See :meth:`SharedASPP.forward`."""
        features = self.mix_stages(inputs)
        kernel = self.conv.weight.permute(2, 3, 0, 1).flatten(0, 2)  # 9*D,Cin
        products = F.conv2d(features, kernel[:, :, None, None])  # N,9*D,H,W
        margin = max(self.dilations)
        padded = F.pad(products, [margin] * 4).split(self.channels, dim=1)
        maps = []
        for rate in self.dilations:
            shifted = [
                _window(tap, row * rate, col * rate, margin)
                for tap, (row, col) in zip(padded, OFFSETS)
            ]
            maps.append(self.activate(self.norm(sum(shifted[1:], shifted[0]))))
        return tuple(maps)


class TraceableStageMix(StageMix):
    """``StageMix`` that averages by matrix products, for any size."""

    def pool_map(self, features: Tensor, size: tuple[int, int]) -> Tensor:
        """See :meth:`StageMix.pool_map`."""
        rows, columns = (
            _averages(before, min(before, after))
            for before, after in zip(features.shape[2:], size)
        )
        return rows @ features @ columns.T


class TraceableDistances(DistancePrototypes):
    """``DistancePrototypes`` in three terms, in float64 against rounding."""

    @in_full_precision
    def distances(self, latents: Tensor) -> Tensor:
        """See :meth:`DistancePrototypes.distances`."""
        flat = latents.permute(0, 1, 3, 4, 2).double()  # N,S,H,W,D
        vectors = self.vectors.double()
        distance = (
            flat.square().sum(dim=-1, keepdim=True)
            - 2 * F.linear(flat, vectors)
            + vectors.square().sum(dim=1)
        )
        distance = distance.clamp(min=0).to(latents.dtype)  # N,S,H,W,P
        distance = distance.permute(0, 1, 4, 2, 3)
        absent = ~self.compared(latents.shape[1])[:, :, None, None]
        return distance.masked_fill(absent, torch.inf)


TWINS: dict[type, type] = {
    SharedASPP: TraceableASPP,
    StageMix: TraceableStageMix,
    DistancePrototypes: TraceableDistances,
}


def make_traceable(model: nn.Module) -> None:
    """Turn layers of a model into their traceable twins, in place."""
    for module in model.modules():
        # parameters and buffers are the same: only methods differ
        module.__class__ = TWINS.get(type(module), type(module))


def _window(padded: Tensor, row: int, col: int, margin: int) -> Tensor:
    """Cut a map, shifted by rows and columns, out of its padded version."""
    ends = row - margin, col - margin  # negative: from the far side
    return padded[
        :,
        :,
        margin + row : ends[0] or None,
        margin + col : ends[1] or None,
    ]


def _averages(before: int, after: int) -> Tensor:
    """Return weights (after,before) of the cells that an average takes."""
    start = torch.arange(after) * before // after
    end = (torch.arange(1, after + 1) * before + after - 1) // after
    cell = torch.arange(before)
    inside = (cell >= start[:, None]) & (cell < end[:, None])
    return inside / (end - start)[:, None]
