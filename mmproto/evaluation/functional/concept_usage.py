"""How a data set uses the concepts of a model.

Pure functions: measure a batch, add it to the sums, compute the numbers. The
sums take the same memory for ten images as for ten million.
"""

from dataclasses import dataclass, field

import torch
from mmengine.dist import all_reduce
from torch import Tensor

from .states import LARGEST, merge_states


@dataclass
class BatchUsage:
    """Activations of one batch, summed over pixels.

    Args:
        total: Sum over pixels (N,K).
        peak: Largest value (N,K).
        pixels: Pixels of the batch.
        gram: Inner products of the concepts' maps (K,K), if wanted.
    """

    total: Tensor
    peak: Tensor = field(metadata=LARGEST)
    pixels: int
    gram: Tensor | None = None


@dataclass
class UsageSums:
    """Sums over a data set.

    Args:
        total: Sum of activations (K,), float64.
        peak: Largest activation (K,), float64.
        images_seen: Images with a peak above the threshold (K,), int64.
        counts: Images and pixels (2,), int64.
        gram: Inner products of the concepts' maps (K,K), float64.
    """

    total: Tensor
    peak: Tensor = field(metadata=LARGEST)
    images_seen: Tensor
    counts: Tensor
    gram: Tensor


@dataclass
class ConceptHealth:
    """What can be wrong with concepts, and how evenly they are used.

    Args:
        dead: Concepts that are above the threshold in no image.
        one_image: Concepts that are above it in exactly one image.
        duplicates: Pairs that are nearly the same, first below second.
        mean_activation: Mean over all pixels (K,).
        entropy: Of each concept's share of all activation, in nats.
        effective_number: Exponential of the entropy: as many concepts, evenly
            used, would have this entropy.
    """

    dead: list[int]
    one_image: list[int]
    duplicates: list[tuple[int, int]]
    mean_activation: Tensor
    entropy: float
    effective_number: float


def empty_usage(num_concepts: int) -> UsageSums:
    """Return the sums before the first image."""
    return UsageSums(
        total=torch.zeros(num_concepts, dtype=torch.float64),
        peak=torch.zeros(num_concepts, dtype=torch.float64),
        images_seen=torch.zeros(num_concepts, dtype=torch.int64),
        counts=torch.zeros(2, dtype=torch.int64),
        gram=torch.zeros(num_concepts, num_concepts, dtype=torch.float64),
    )


@torch.no_grad()
def measure_batch(activations: Tensor, with_gram: bool = False) -> BatchUsage:
    """Sum up a batch of activations.

    Two windows of the same images, as sliding inference sees them, are joined
    by :func:`~mmproto.evaluation.functional.states.merge_states`.

    Args:
        activations: Concept activations (N,K,H,W).
        with_gram: Whether to compute the inner products of the maps.
    """
    maps = activations.float().flatten(2)  # (N,K,HW)
    flat = maps.transpose(0, 1).flatten(1)  # (K,NHW)
    return BatchUsage(
        total=maps.sum(dim=2),
        peak=maps.amax(dim=2),
        pixels=flat.shape[1],
        gram=flat @ flat.T if with_gram else None,
    )


def update_usage(
    usage: UsageSums, batch: BatchUsage, threshold: float
) -> UsageSums:
    """Add a batch whose images are complete.

    Args:
        usage: The sums so far.
        batch: The batch.
        threshold: Activation above which an image shows a concept.
    """
    none = torch.zeros_like(usage.gram)
    own = UsageSums(
        total=batch.total.cpu().double().sum(dim=0),
        peak=batch.peak.cpu().double().amax(dim=0),
        images_seen=(batch.peak > threshold).sum(dim=0).cpu(),
        counts=torch.tensor([len(batch.peak), batch.pixels]),
        gram=none if batch.gram is None else batch.gram.cpu().double(),
    )
    return merge_states(usage, own)


def reduce_usage(usage: UsageSums) -> None:
    """Join the sums of all ranks, in place; each may have seen any number.

    Images that a sampler repeats to give every rank as many count twice.
    """
    all_reduce(usage.peak, 'max')
    for sums in (usage.total, usage.images_seen, usage.counts, usage.gram):
        all_reduce(sums, 'sum')


def duplicate_pairs(gram: Tensor, cosine: float) -> list[tuple[int, int]]:
    """Find the pairs of vectors whose cosine is above a bound.

    Args:
        gram: Inner products of the vectors (P,P).
        cosine: The bound.

    Returns:
        Pairs of indices, the first below the second, in order.
    """
    length = gram.diagonal().sqrt()
    # A vector of length zero resembles none.
    bound = cosine * length[:, None] * length[None, :]
    nearer = (gram > bound) & (length[:, None] * length[None, :] > 0)
    return [
        (first, second) for first, second in nearer.triu(1).nonzero().tolist()
    ]


def compute_health(
    usage: UsageSums, duplicates: list[tuple[int, int]]
) -> ConceptHealth:
    """Turn the sums over a data set into numbers.

    Args:
        usage: Sums over the data set.
        duplicates: What :func:`duplicate_pairs` found.
    """
    seen = usage.images_seen
    share = usage.total / usage.total.sum().clamp_min(1e-12)
    entropy = torch.special.entr(share).sum().item()
    return ConceptHealth(
        dead=(seen == 0).nonzero().flatten().tolist(),
        one_image=(seen == 1).nonzero().flatten().tolist(),
        duplicates=duplicates,
        mean_activation=usage.total / usage.counts[1].clamp_min(1),
        entropy=entropy,
        effective_number=torch.tensor(entropy).exp().item(),
    )
