"""Merge clusters into concepts of equally many prototypes."""

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

ITERATIONS = 50
# Both steps end in a local optimum; a start takes milliseconds.
STARTS = 10
# Rounding alone can gain less than this, and points would swap forever.
SMALLEST_GAIN = 1e-5


def balanced_groups(
    points: Tensor, groups: int, generator: torch.Generator
) -> Tensor:
    """Group unit vectors by cosine into groups of exactly the same size.

    First, in turn, points are assigned to centres with room for ``M`` each
    and centres move to the normalised mean of their group; then pairs of
    points swap places. No step lowers the sum of cosines to the own centre.
    The best of several starts is kept. Source: Bradley, Bennett and Demiriz
    2000, Constrained K-Means Clustering, with the assignment problem in place
    of minimum cost flow.

    Args:
        points: Unit vectors (G*M,D).
        groups: Number of groups ``G``.
        generator: Source of randomness.

    Returns:
        Places (G,M) of the points of each group.

    Raises:
        ValueError: If the points cannot be divided evenly.
    """
    if len(points) % groups:
        raise ValueError(
            f'{len(points)} points do not make {groups} groups of equal size'
        )
    size = len(points) // groups
    found = []
    for _ in range(STARTS):
        start = torch.randperm(len(points), generator=generator) // size
        found.append(_exchange(points, _alternate(points, start, groups)))
    tightness = [_sums(points, o, groups).norm(dim=1).sum() for o in found]
    owner = found[int(torch.stack(tightness).argmax())]
    return owner.argsort(stable=True).view(groups, size)


def _sums(points: Tensor, owner: Tensor, groups: int) -> Tensor:
    """Sum the points of each group (G,D).

    The direction of a sum is the group's centre, and its length the sum of
    the members' cosines to that centre.
    """
    sums = torch.zeros(groups, points.shape[1])
    return sums.index_add_(0, owner, points)


def _alternate(points: Tensor, owner: Tensor, groups: int) -> Tensor:
    """Move centres and reassign points (n,) until nothing changes."""
    size = len(points) // groups
    for _ in range(ITERATIONS):
        centres = F.normalize(_sums(points, owner, groups), dim=1)  # G,D
        cosine = points @ centres.T  # n,G
        room = cosine.repeat_interleave(size, dim=1)  # n,n
        places = linear_sum_assignment(room.numpy(), maximize=True)[1]
        updated = torch.from_numpy(places) // size
        if torch.equal(updated, owner):
            break
        owner = updated
    return owner


def _exchange(points: Tensor, owner: Tensor) -> Tensor:
    """Swap the two points that gain most, until no swap gains."""
    owner = owner.clone()
    # in double precision: the root of a rounding error would look like a gain
    gram = points.double() @ points.double().T  # n,n
    square = gram.diagonal()
    while True:
        together = (owner[:, None] == owner).double()
        length = (gram @ together * together).sum(dim=0)  # squared, by point
        inner = gram @ together  # x_i on the sum of the group of x_j
        own = inner.diagonal()
        # |s_j - x_j + x_i|^2 where x_i takes the place of x_j
        squared = length + square + square[:, None]
        squared = squared + 2 * (inner - own - gram)
        joined = squared.clamp_min(0).sqrt()
        gain = joined + joined.T - length.sqrt() - length.sqrt()[:, None]
        gain[together.bool()] = 0
        best = int(gain.argmax())
        if not gain.flatten()[best] >= SMALLEST_GAIN:
            return owner
        pair = torch.tensor(divmod(best, len(points)))
        owner[pair] = owner[pair.flip(0)]
