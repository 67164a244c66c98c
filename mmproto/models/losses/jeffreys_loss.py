"""Jeffreys divergence between the concepts of one class (ProtoSeg)."""

from torch import Tensor

from mmproto.models.losses.class_concept_loss import ClassConceptLoss
from mmproto.models.losses.class_pixels import (
    PixelBlocks,
    class_members,
    gather_members,
    pixel_blocks,
)
from mmproto.models.losses.jensen_shannon_loss import log_activations
from mmproto.models.losses.ranks import mean_over_ranks
from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS

# Pixels of a block: enough for an efficient product, and no fewer than the
# members of a class, whose L*L products are then no larger than the block.
# With more, small classes would be mostly padding.
SHORTEST_BLOCK = 128


@in_full_precision
def jeffreys_diversity(
    scores: Tensor,
    labels: Tensor,
    membership: Tensor,
    groups: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """Average ``exp(-J(p,q))`` over images, classes and pairs of a class.

    Sacha et al., ProtoSeg, WACV 2023, diversity loss. ``u_p`` is the softmax
    of the score of ``p`` over the pixels of the class in one image, and ``J``
    is half the sum of both Kullback-Leibler divergences:
    ``J(p,q) = (A_pp + A_qq - A_pq - A_qp) / 2`` with
    ``A_pq = sum_n u_p(n) log u_q(n)``, so that all pairs of a class are one
    matrix product. The normaliser inside the logarithm cancels, and scores
    relative to their maximum take its place. Only the members of a pixel's
    class are gathered at that pixel, so memory stays near (N,L,H,W) with L the
    size of the largest class, even if every concept belongs to every class.

    Args:
        scores: (N,P,H,W). Large where the concept is active: for distances
            that is their negative (ProtoSeg's code takes the distance itself,
            which puts the mass on the farthest pixels).
        labels: Classes (N,H,W), 255 = ignore; classes with fewer than two
            pixels in an image are left out.
        membership: Which of P belongs to which class, bool (P,C); one may
            belong to several.
        groups: Compare within each group only, integers (P,); all in one
            group by default. ScaleProtoSeg groups by scale.
        eps: If given, ``scores`` are activations, and the scores are
            ``log(activations + eps)``: the logarithm of few values only.

    Returns:
        Scalar in [0,1], 0 if there is no pair.
    """
    members, real = class_members(membership.bool())  # (C,L)
    size = max(SHORTEST_BLOCK, members.shape[1])
    blocks = pixel_blocks(labels, len(members), size)
    values = gather_members(scores, members, blocks)  # (Q,L,T)
    if eps is not None:
        values = log_activations(values, eps)
    cross = _cross_terms(values, blocks)
    own = cross.diagonal(dim1=1, dim2=2)
    jeffreys = (own[:, :, None] + own[:, None] - cross - cross.mT) / 2
    pairs = _pairs(members, real, groups)  # (C,L,L)
    seen = (blocks.counts > 1).view(-1, len(members), 1, 1) & pairs
    total = ((-jeffreys).exp().view_as(seen) * seen).sum()
    return mean_over_ranks(total, seen.sum())


def _cross_terms(values: Tensor, blocks: PixelBlocks) -> Tensor:
    """Compute ``A_pq`` plus a number for each ``q``: (Q,L,T) to (N*C,L,L)."""
    owner = blocks.segment
    shape = (len(blocks.counts), values.shape[1])  # (N*C,L)
    peak = _segment_max(values.detach(), owner, shape)
    shifted = values - peak[owner, :, None]
    mass = shifted.exp() * blocks.valid[:, None]
    norm = mass.new_zeros(shape).index_add(0, owner, mass.sum(-1))
    cross = mass.new_zeros(*shape, shape[1])
    cross = cross.index_add(0, owner, mass @ shifted.mT)
    # The peak itself adds 1, so only segments without pixels are below 1.
    return cross / norm.clamp(min=1)[:, :, None]


def _segment_max(
    values: Tensor, owner: Tensor, shape: tuple[int, int]
) -> Tensor:
    """Find the largest of the (Q,L,T) values in every segment, (N*C,L)."""
    peak = values.amax(-1)
    start = values.new_full(shape, float('-inf'))
    index = owner[:, None].expand_as(peak)
    return start.scatter_reduce(0, index, peak, 'amax')


def _pairs(members: Tensor, real: Tensor, groups: Tensor | None) -> Tensor:
    """Tell which members of a class to compare, once each, bool (C,L,L)."""
    pairs = (real[:, :, None] & real[:, None]).triu(1)
    if groups is not None:
        group = groups[members]
        pairs = pairs & (group[:, :, None] == group[:, None])
    return pairs


@MODELS.register_module()
class JeffreysDiversityLoss(ClassConceptLoss):
    """Keep the concepts of a class on different pixels of it.

    The distribution of a concept is its activation divided by the sum of it,
    so its mass lies where it is active.

    For the arguments see :class:`ClassConceptLoss`.
    """

    default_name = 'loss_diversity'

    def value(
        self, activations: Tensor, labels: Tensor, membership: Tensor
    ) -> Tensor:
        """Compute :func:`jeffreys_diversity` of the activations."""
        return jeffreys_diversity(
            activations, labels, membership.mT, eps=self.eps
        )
