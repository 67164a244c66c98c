"""Prototypes from clusters of latents, classifier in closed form.

A latent space that already separates classes is cut into spherical clusters,
class by class; centres become prototypes, and the label histogram of each
concept becomes its column of the classifier.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass
class LatentSample:
    """Latents of some training pixels.

    Attributes:
        latents: Unit latents of all scales (n,S,D).
        labels: Class of each pixel (n,).
    """

    latents: Tensor
    labels: Tensor


def sample_pixels(
    latents: Tensor,
    labels: Tensor,
    per_class: int,
    generator: torch.Generator,
    ignore_index: int = 255,
) -> LatentSample:
    """Draw up to ``per_class`` pixels of every class of one image.

    Args:
        latents: Latents of one image (S,D,H,W).
        labels: Its label map (H,W).
        per_class: Pixels drawn of a class, at most.
        generator: Source of randomness.
        ignore_index: Label that is never drawn.
    """
    flat = labels.flatten()
    chosen = []
    for label in flat.unique().tolist():
        if label == ignore_index:
            continue
        places = (flat == label).nonzero().squeeze(1)
        order = torch.randperm(len(places), generator=generator)[:per_class]
        chosen.append(places[order.to(places.device)])
    index = torch.cat(chosen) if chosen else flat.new_zeros(0)
    pixels = latents.flatten(2)[:, :, index].permute(2, 0, 1)  # n,S,D
    return LatentSample(F.normalize(pixels, dim=2), flat[index])


def spherical_kmeans(
    points: Tensor,
    clusters: int,
    generator: torch.Generator,
    iterations: int = 25,
) -> Tensor:
    """Cluster unit vectors by cosine.

    Starts from k-means++ seeds; an empty cluster restarts at the point that
    is farthest from its centre. Source: Dhillon and Modha 2001, Concept
    Decompositions for Large Sparse Text Data.

    Args:
        points: Unit vectors (n,D).
        clusters: Clusters; where points are fewer, centres repeat.
        generator: Source of randomness.
        iterations: Rounds at most.

    Returns:
        Unit centres (clusters,D).
    """
    centres = _spread_seeds(points, clusters, generator)
    for _ in range(iterations):
        cosine, owner = (points @ centres.T).max(dim=1)
        sums = torch.zeros_like(centres).index_add_(0, owner, points)
        empty = owner.bincount(minlength=clusters) == 0
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
    """Pick seeds with probability of their distance (k-means++)."""
    first = torch.randint(len(points), (1,), generator=generator)
    chosen = [int(first)]
    distance = 1 - points @ points[chosen[0]]
    for _ in range(clusters - 1):
        odds = distance.clamp_min(0) + 1e-9
        chosen.append(int(torch.multinomial(odds, 1, generator=generator)))
        distance = torch.minimum(distance, 1 - points @ points[chosen[-1]])
    return points[chosen]


def cluster_prototypes(
    sample: LatentSample,
    num_classes: int,
    num_concepts: int,
    per_concept: int,
    generator: torch.Generator,
) -> Tensor:
    """Cluster each class's latents, all scales together.

    Every class that occurs gets an equal share of the concepts, the first
    ones one more where it does not come out even. A concept of several
    prototypes is a cluster that is clustered again.

    Args:
        sample: Latents of training pixels.
        num_classes: Classes ``C``.
        num_concepts: Concepts ``K``.
        per_concept: Prototypes ``M`` of a concept.
        generator: Source of randomness.

    Returns:
        Unit prototypes (K*M,D), those of one concept in a row.

    Raises:
        ValueError: If there are fewer concepts than classes that occur.
    """
    present = [c for c in range(num_classes) if (sample.labels == c).any()]
    if not present or num_concepts < len(present):
        raise ValueError(
            f'{num_concepts} concepts cannot be shared out among the '
            f'{len(present)} classes that occur; give at least one a class'
        )
    share, rest = divmod(num_concepts, len(present))
    prototypes = []
    for rank, label in enumerate(present):
        points = sample.latents[sample.labels == label].flatten(0, 1)
        clusters = share + (rank < rest)
        centres = spherical_kmeans(points, clusters, generator)
        if per_concept == 1:
            prototypes.append(centres)
            continue
        owner = (points @ centres.T).argmax(dim=1)
        for concept, centre in enumerate(centres):
            own = points[owner == concept]
            own = own if len(own) else centre[None]
            prototypes.append(spherical_kmeans(own, per_concept, generator))
    return torch.cat(prototypes)


def label_histograms(
    activations: Tensor,
    labels: Tensor,
    num_classes: int,
    min_share: float,
) -> Tensor:
    """Classifier in closed form: what is under a concept where it is active.

    Args:
        activations: Concept activations of pixels (n,K).
        labels: Class of each pixel (n,).
        num_classes: Classes ``C``.
        min_share: Smaller shares of a concept's mass become exact zeros.

    Returns:
        Weights (C,K); each column sums to one, or is zero for a concept that
        is never active.
    """
    one_hot = F.one_hot(labels, num_classes).to(activations.dtype)  # n,C
    mass = one_hot.T @ activations  # C,K
    share = mass / mass.sum(dim=0).clamp_min(1e-12)
    share = torch.where(share < min_share, 0, share)
    return share / share.sum(dim=0).clamp_min(1e-12)
