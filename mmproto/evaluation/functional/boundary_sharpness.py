"""How far concepts drop across label boundaries.

Pure functions: sum up the cells of an image, join sums, compute the numbers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .boundary_band import largest_within

# Rows of the sums. Own: cells of the class that the concept stands for.
NEAR_OWN, NEAR_OTHER, FAR_OWN, FAR_OTHER = ZONES = range(4)


@dataclass(frozen=True)
class SharpnessState:
    """Sums over cells on both sides of boundaries, near and far.

    Args:
        sums: Of activations (4,K), float64.
        cells: Their number (4,K), int64.
    """

    sums: Tensor
    cells: Tensor


@dataclass(frozen=True)
class Sharpness:
    """What the sums say; see :func:`boundary_sharpness`.

    Args:
        ratio: Sharpness of each concept (K,), NaN if it was not measured.
        near: Drop across boundaries (K,), NaN without cells of both sides.
        far: Drop between the insides (K,), likewise.
        measured: Whether the ratio means something (K,).
        mean_near: Drop across boundaries, mean over the cells near them.
        mean_far: Drop between the insides, with the same weights.
    """

    ratio: Tensor
    near: Tensor
    far: Tensor
    measured: Tensor
    mean_near: float
    mean_far: float


def measure_sharpness(
    activations: Tensor,
    labels: Tensor,
    class_weights: Tensor,
    near: int = 1,
    far: int = 3,
) -> SharpnessState:
    """Sum up the top concept of every class that an image shows.

    The top concept of class ``c`` is the one of most evidence in its cells,
    ``argmax_k W_ck sum_{u: y(u) = c} a_k(u)``, the first on ties; a class
    without evidence has none. The distance of a cell of ``c`` is that to the
    nearest labelled cell of another class, the distance of any other labelled
    cell that to the nearest cell of ``c``, both Chebyshev, in cells.

    Args:
        activations: Concept activations (K,H,W).
        labels: Ground truth (H,W); what is no class is void.
        class_weights: Non-negative weights (C,K).
        near: Largest distance of the cells at a boundary.
        far: Smallest distance of the cells inside.
    """
    shape = len(ZONES), len(activations)
    state = SharpnessState(
        torch.zeros(shape, dtype=torch.float64),
        torch.zeros(shape, dtype=torch.int64),
    )
    known = (labels >= 0) & (labels < len(class_weights))
    shown = labels[known].unique()  # c
    own = labels == shown[:, None, None]  # c,H,W
    evidence = own.flatten(1).float() @ activations.flatten(1).T.float()
    evidence = evidence * class_weights[shown]  # c,K
    top = evidence.argmax(dim=1)  # c
    spoken = evidence.gather(1, top[:, None])[:, 0] > 0
    if not spoken.any():
        return state
    own, top = own[spoken], top[spoken]
    zones = _zones(own, known & ~own, near, far).flatten(2)  # 4,c,n
    sums = (zones * activations[top].flatten(1)).sum(dim=2)  # 4,c
    top = top.cpu()
    state.sums.index_add_(1, top, sums.double().cpu())
    state.cells.index_add_(1, top, zones.sum(dim=2).cpu())
    return state


def boundary_sharpness(
    state: SharpnessState, min_contrast: float = 0.1
) -> Sharpness:
    """Compare the drop of concepts across boundaries with that inside.

    With ``m`` the mean activation of a concept over the cells of a zone, over
    all images and all classes whose top concept it was,

    ``near = m(near, own) - m(near, other)``,
    ``far = m(far, own) - m(far, other)``, ``ratio = near / far``:

    1 is as sharp as inside, 0 is no difference across the boundary. Where a
    zone has no cell, or where ``far`` is not above ``min_contrast``, the
    ratio is not measured. The means over measured concepts weigh each by its
    own cells near boundaries.

    Args:
        state: Sums over all images.
        min_contrast: Drop, in units of activation, without which a concept
            does not tell its class from others even inside.
    """
    means = state.sums / state.cells  # 4,K; NaN without cells
    near = means[NEAR_OWN] - means[NEAR_OTHER]
    far = means[FAR_OWN] - means[FAR_OTHER]
    measured = (far > min_contrast) & ~near.isnan()
    weights = state.cells[NEAR_OWN][measured].double()
    weights = weights / weights.sum()
    return Sharpness(
        ratio=torch.where(measured, near / far, torch.nan),
        near=near,
        far=far,
        measured=measured,
        mean_near=float((weights * near[measured]).sum()),
        mean_far=float((weights * far[measured]).sum()),
    )


def _zones(own: Tensor, other: Tensor, near: int, far: int) -> Tensor:
    """Find the cells (4,c,H,W) near and far from each class's boundary."""
    sides = torch.stack([own, other])  # 2,c,H,W
    opposite = sides.flip(0).flatten(0, 1).float()  # 2c,H,W
    at, around = (
        largest_within(opposite, distance).view_as(sides) > 0
        for distance in (near, far - 1)
    )
    return torch.cat([sides & at, sides & ~around])
