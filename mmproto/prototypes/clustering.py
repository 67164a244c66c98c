"""Prototypes from clusters of latents, class weights in closed form.

A latent space that already separates classes is divided into spherical
clusters, class by class; centres become prototypes, and the label histogram
of each concept becomes its column of the class weights.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmproto.prototypes.grouping import balanced_groups
from mmproto.prototypes.sampling import LatentSample

# With one of each, ten clusters usually have two seeds in one bundle and none
# in another; with these numbers that is rare.
CANDIDATES = 10
STARTS = 3


def spherical_kmeans(
    points: Tensor,
    clusters: int,
    generator: torch.Generator,
    iterations: int = 25,
) -> Tensor:
    """Cluster unit vectors by cosine.

    Keep the tightest result of a few starts from greedy k-means++ seeds; an
    empty cluster restarts at the point farthest from its centre. Source:
    Dhillon and Modha 2001, Concept Decompositions for Large Sparse Text Data.

    Args:
        points: Unit vectors (n,D).
        clusters: Number of clusters; with fewer points, centres repeat.
        generator: Source of randomness.
        iterations: Maximum number of rounds.

    Returns:
        Unit centres (clusters,D).
    """
    starts = [
        _spread_seeds(points, clusters, generator) for _ in range(STARTS)
    ]
    found = [_move_centres(points, start, iterations) for start in starts]
    tightness = [(points @ centres.T).amax(dim=1).sum() for centres in found]
    return found[int(torch.stack(tightness).argmax())]


def _move_centres(points: Tensor, centres: Tensor, iterations: int) -> Tensor:
    """Move centres (clusters,D) to the mean of the points nearest to them."""
    for _ in range(iterations):
        cosine, owner = (points @ centres.T).max(dim=1)
        sums = torch.zeros_like(centres).index_add_(0, owner, points)
        empty = owner.bincount(minlength=len(centres)) == 0
        if empty.any():
            farthest = cosine.argsort()[: int(empty.sum())]
            sums[empty.nonzero()[: len(farthest), 0]] = points[farthest]
        updated = F.normalize(sums, dim=1)
        if torch.equal(updated, centres):
            break
        centres = updated
    return centres


def _spread_seeds(
    points: Tensor, clusters: int, generator: torch.Generator
) -> Tensor:
    """Pick seeds with a probability proportional to their distance.

    Greedy k-means++: the candidate that leaves the least distance is taken,
    which rarely puts two seeds into one bundle. Source: Arthur and
    Vassilvitskii 2007, k-means++: The Advantages of Careful Seeding, section
    7.
    """
    first = torch.randint(len(points), (1,), generator=generator)
    chosen = [int(first)]
    distance = (1 - points @ points[chosen[0]]).clamp_min(0)
    for _ in range(clusters - 1):
        drawn = torch.multinomial(
            distance + 1e-9, CANDIDATES, replacement=True, generator=generator
        )
        left = torch.minimum(distance[:, None], 1 - points @ points[drawn].T)
        best = int(left.sum(dim=0).argmin())
        chosen.append(int(drawn[best]))
        distance = left[:, best].clamp_min(0)
    return points[chosen]


def share_concepts(pixels: Tensor, number: int, power: float) -> Tensor:
    """Divide concepts among the classes that occur.

    Each class gets at least one. Shares are proportional to ``pixels **
    power``, rounded by the largest remainder; on ties the first classes get
    one more.

    Args:
        pixels: Pixels of each class (C,); a class without any gets nothing.
        number: Number of concepts.
        power: 0 for equal shares, 1 for shares proportional to pixels.

    Returns:
        Number of concepts of each class (C,), int64.

    Raises:
        ValueError: If there are fewer concepts than classes.
    """
    present = pixels > 0
    if not 0 < int(present.sum()) <= number:
        raise ValueError(
            f'{number} concepts cannot be shared out among the '
            f'{int(present.sum())} classes that occur; give at least 1 per '
            'class'
        )
    weights = torch.where(present, pixels.double() ** power, 0)
    quota = number * weights / weights.sum()
    # raising a small class to one takes from all others in proportion, which
    # may push another one below it
    low = torch.zeros_like(present)
    while (too_low := present & ~low & (quota < 1)).any():
        low |= too_low
        rest = number - int(low.sum())
        quota = rest * weights / weights[~low].sum().clamp_min(1e-300)
        quota = torch.where(low, 1, quota)
    shares = quota.floor()
    rest = number - int(shares.sum())
    shares[(shares - quota).argsort(stable=True)[:rest]] += 1
    return shares.long()


def cluster_prototypes(
    sample: LatentSample,
    shares: Tensor,
    per_concept: int,
    generator: torch.Generator,
    sizes: int = 1,
) -> Tensor:
    """Cluster each class's latents, all scales together.

    A concept of several prototypes is made of clusters that lie close
    together: a class is divided into as many clusters as it has prototypes,
    and these are grouped. For cells seen at several sizes, see
    :func:`cluster_over_sizes`.

    Args:
        sample: Latents of training cells.
        shares: Number of concepts of each class (C,), ``K`` in total.
        per_concept: Number ``M`` of prototypes of a concept.
        generator: Source of randomness.
        sizes: Number ``Z`` of sizes at which the cells were seen; 1 or ``M``.

    Returns:
        Unit prototypes (K*M,D), class by class, concept by concept.
    """
    prototypes = []
    for label, share in enumerate(shares.tolist()):
        if share == 0:
            continue
        cells = sample.latents[sample.labels == label]  # n,Z*S,D
        if sizes > 1:
            seen = cells.unflatten(1, (sizes, -1))  # n,Z,S,D
            prototypes.append(cluster_over_sizes(seen, share, generator))
            continue
        points = cells.flatten(0, 1)
        centres = spherical_kmeans(points, share * per_concept, generator)
        if per_concept > 1:
            members = balanced_groups(centres, share, generator)
            centres = centres[members.flatten()]
        prototypes.append(centres)
    return torch.cat(prototypes)


def cluster_over_sizes(
    latents: Tensor, concepts: int, generator: torch.Generator
) -> Tensor:
    """Cluster cells by how they look at several sizes of the image.

    Two cells are similar if they are at every size and scale. The looks
    of one concept then need not resemble each other: they are the same things
    seen larger and smaller.

    Args:
        latents: Unit latents of cells (n,Z,S,D).
        concepts: Number of clusters.
        generator: Source of randomness.

    Returns:
        Unit prototypes (concepts*Z,D): for each cluster its centre over all
        scales at the first size, then at the others.
    """
    together = F.normalize(latents.flatten(1), dim=1)  # n,Z*S*D
    centres = spherical_kmeans(together, concepts, generator)
    looks = centres.unflatten(1, latents.shape[1:]).sum(dim=2)  # K,Z,D
    return F.normalize(looks, dim=2).flatten(0, 1)


def label_histograms(
    activations: Tensor,
    labels: Tensor,
    num_classes: int,
    min_share: float,
) -> Tensor:
    """Weight classes by how much of a concept's activation lies on them.

    Args:
        activations: Concept activations of pixels (n,K).
        labels: Class of each pixel (n,).
        num_classes: Number of classes ``C``.
        min_share: Smaller shares of a concept's mass become exact zeros.

    Returns:
        Class weights (C,K); each column sums to one, or is zero for a concept
        that is never active.
    """
    one_hot = F.one_hot(labels, num_classes).to(activations.dtype)  # n,C
    mass = one_hot.T @ activations  # C,K
    share = mass / mass.sum(dim=0).clamp_min(1e-12)
    share = torch.where(share < min_share, 0, share)
    return share / share.sum(dim=0).clamp_min(1e-12)
