"""Squared Euclidean distances, exact near zero and cheap to differentiate."""

from typing import Any

import torch
from torch import Tensor


class SquaredDistance(torch.autograd.Function):
    """Measure ``d_np = |x_n - p|^2`` of latents (n,D) to prototypes (P,D).

    Forward sums squared differences, in float64: the expansion into three
    terms cancels in float32 just where a latent meets its prototype, and the
    logarithm of a small distance, in the exponent of a group, amplifies every
    rounding error. Backward is two matrix products, half the time of
    differentiating ``torch.cdist`` on a CPU.
    """

    @staticmethod
    def forward(ctx: Any, latents: Tensor, prototypes: Tensor) -> Tensor:
        """Measure distances (n,P)."""
        ctx.save_for_backward(latents, prototypes)
        distances = torch.cdist(
            latents.double(),
            prototypes.double(),
            compute_mode='donot_use_mm_for_euclid_dist',
        )
        return distances.square().to(latents)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        """Compute gradients (n,D) and (P,D)."""
        latents, prototypes = ctx.saved_tensors
        grad = 2 * grads[0]  # n,P
        to_latents = grad.sum(dim=1)[:, None] * latents - grad @ prototypes
        to_prototypes = grad.sum(dim=0)[:, None] * prototypes
        return to_latents, to_prototypes - grad.T @ latents
