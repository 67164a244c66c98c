"""Sums of shifted maps: the rate-dependent part of a shared dilated kernel.

A 3x3 convolution of dilation ``r`` is
``y_r(u) = sum_t products_t(u + r * offset_t)``, where the nine products
``products_t = w_t x`` do not depend on ``r``. Summing the shifted products
and collecting the gradients of those sums are adjoint, so each is the
backward pass of the other.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

OFFSETS = [(row, col) for row in (-1, 0, 1) for col in (-1, 0, 1)]
CENTRE = OFFSETS.index((0, 0))


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    """Slice rows ``u + shift`` (source) and ``u`` (target) inside the map."""
    source = slice(max(shift, 0), size + min(shift, 0))
    target = slice(max(-shift, 0), size - max(shift, 0))
    return source, target


def _shifts(
    dilation: int, height: int, width: int
) -> Iterator[tuple[int, tuple[slice, slice], tuple[slice, slice]]]:
    """Yield tap, source and target window of the taps that reach the map."""
    for tap, (row, col) in enumerate(OFFSETS):
        if tap == CENTRE:
            continue  # the centre does not move: handled once for all rates
        dy, dx = row * dilation, col * dilation
        if abs(dy) < height and abs(dx) < width:
            rows, cols = _overlap(dy, height), _overlap(dx, width)
            yield tap, (rows[0], cols[0]), (rows[1], cols[1])


class SumShiftedTaps(torch.autograd.Function):
    """Sum nine products (N,H,W,9,D) to a map for each rate (S,N,H,W,D)."""

    @staticmethod
    def forward(
        ctx: Any, products: Tensor, dilations: tuple[int, ...]
    ) -> Tensor:
        """Add the nine shifted products of every rate."""
        ctx.dilations = dilations
        height, width = products.shape[1:3]
        centre = products[:, :, :, CENTRE]
        maps = centre.unsqueeze(0).repeat(len(dilations), 1, 1, 1, 1)
        for out, dilation in zip(maps, dilations):
            for tap, source, target in _shifts(dilation, height, width):
                out[:, target[0], target[1]] += products[
                    :, source[0], source[1], tap
                ]
        return maps

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """Send each map's gradient back to its products."""
        return GatherShiftedTaps.apply(grad, ctx.dilations), None


class GatherShiftedTaps(torch.autograd.Function):
    """Undo :class:`SumShiftedTaps` for gradients, as its adjoint.

    Takes (S,N,H,W,D) to (N,H,W,9,D).
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, dilations: tuple[int, ...]) -> Tensor:
        """Collect what every product receives from all rates."""
        ctx.dilations = dilations
        batch, height, width, channels = maps.shape[1:]
        products = maps.new_zeros(batch, height, width, 9, channels)
        torch.sum(maps, dim=0, out=products[:, :, :, CENTRE])
        for grad, dilation in zip(maps, dilations):
            for tap, source, target in _shifts(dilation, height, width):
                products[:, source[0], source[1], tap] += grad[
                    :, target[0], target[1]
                ]
        return products

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """Take the second derivative: the sum again."""
        return SumShiftedTaps.apply(grad, ctx.dilations), None
