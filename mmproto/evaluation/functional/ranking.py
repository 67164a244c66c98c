"""How well a score separates two groups of pixels, from histograms.

The scores of a whole data set do not fit in memory, but their histogram does.
Its bins are fixed, so histograms of images can be added: a bin is a sign, a
power of two and the next ten bits, taken from the bits of a float32. Scores in
one bin, at most 0.1 % apart, count as equal.
"""

from functools import cache

import torch
from torch import Tensor

_MANTISSA = 10  # bits, of 23
_SMALLEST = 2.0**-24  # below it scores count as zero: rounding of 1 - p
_OCTAVES = 40  # so that scores up to 65536 are told apart
_HALF = _OCTAVES << _MANTISSA  # bins of positive scores
NUM_BINS = 2 * _HALF + 1
_CURVE_POINTS = 100
_TAIL = 0.001  # share of a group beyond the ends of a coarse histogram


def score_bins(scores: Tensor) -> Tensor:
    """Sort scores into bins, which are in the order of the scores.

    Args:
        scores: Of any shape; taken as float32.

    Returns:
        Numbers of the bins, from 0 to ``NUM_BINS - 1``, int32.

    Raises:
        ValueError: If a score is not a number.
    """
    scores = scores.float()
    if scores.isnan().any():
        raise ValueError(
            'scores of pixels are not numbers: the model diverged, or its '
            'weights were not loaded'
        )
    bits = scores.abs().view(torch.int32) - _bits_of_smallest()
    steps = (bits >> (23 - _MANTISSA)).clamp_(-1, _HALF - 1) + 1
    return _HALF + torch.where(scores < 0, -steps, steps)


@cache
def bin_floors() -> Tensor:
    """Return the smallest float32 of every bin (NUM_BINS,), float64.

    A score is in this bin or above if and only if it is not below this.
    """
    step = torch.arange(_HALF + 1, dtype=torch.int32) << (23 - _MANTISSA)
    edges = step + _bits_of_smallest()  # bits of the limits of magnitudes
    positive = edges[:-1].view(torch.float32)
    # among negative scores, the one of largest magnitude is the smallest
    negative = -(edges - 1).view(torch.float32).flip(0)
    floors = torch.cat([negative, positive]).double()
    floors[0] = -torch.inf
    return floors


def average_precision(known: Tensor, unknown: Tensor) -> float:
    """Compute the average precision of finding the unknown by large scores.

    The step function ``sum_b (R_b - R_b-1) P_b`` over bins ``b`` from the
    top, with recall ``R`` and precision ``P``: nothing is interpolated.

    Args:
        known: Histogram (B,) of scores that should be small.
        unknown: Histogram (B,) of scores that should be large.
    """
    false, true = _from_top(known), _from_top(unknown)
    precision = true / (true + false).clamp_min(1)
    return float((unknown.flip(0).double() * precision).sum() / true[-1])


def auroc(known: Tensor, unknown: Tensor) -> float:
    """Return the probability that an unknown pixel scores above a known one.

    Equal scores count half.

    Args:
        known: Histogram (B,) of scores that should be small.
        unknown: Histogram (B,) of scores that should be large.
    """
    true = _from_top(unknown)
    same = unknown.flip(0).double()
    ahead = (true - 0.5 * same) / true[-1]
    known = known.flip(0).double()
    return float((known / known.sum() * ahead).sum())


def fpr_at_recall(
    known: Tensor, unknown: Tensor, recall: float = 0.95
) -> float:
    """Return the share of the known flagged at a recall of the unknown.

    Args:
        known: Histogram (B,) of scores that should be small.
        unknown: Histogram (B,) of scores that should be large.
        recall: Share of the unknown that has to be flagged at least.
    """
    false, true = _from_top(known), _from_top(unknown)
    first = int((true / true[-1] >= recall).int().argmax())
    return float(false[first] / false[-1])


def threshold_at(known: Tensor, share: float) -> float:
    """Find the smallest threshold that flags no more than a share.

    Args:
        known: Histogram (B,) of scores.
        share: Share of the scores that may reach the threshold, below 1.
    """
    reached = _from_top(known).flip(0)
    flagged = reached / reached[0]  # by a threshold at each bin
    above = int((flagged > share).sum())
    if above == len(known):
        return torch.finfo(torch.float32).max
    return float(bin_floors()[above])


def roc_curve(known: Tensor, unknown: Tensor) -> tuple[list, list]:
    """Draw the unknown flagged over the known flagged, in 100 points.

    Returns:
        Shares of the known, shares of the unknown.
    """
    false, true = _from_top(known), _from_top(unknown)
    grid = torch.linspace(0, 1, _CURVE_POINTS, dtype=torch.float64)
    last = torch.searchsorted(false / false[-1], grid, right=True) - 1
    shares = torch.where(last >= 0, (true / true[-1])[last], 0)
    return grid.tolist(), shares.tolist()


def precision_recall_curve(
    known: Tensor, unknown: Tensor
) -> tuple[list, list]:
    """Draw the precision where a recall is first reached, in 100 points.

    Returns:
        Recalls, precisions.
    """
    false, true = _from_top(known), _from_top(unknown)
    count = torch.arange(1, _CURVE_POINTS + 1, dtype=torch.float64)
    grid = count / _CURVE_POINTS
    first = torch.searchsorted(true / true[-1], grid)
    precision = true / (true + false).clamp_min(1)
    return grid.tolist(), precision[first].tolist()


def coarse_histogram(
    counts: Tensor, bins: int = 30
) -> tuple[list[float], list[list[int]]]:
    """Merge bins into some of equal width, for a person to look at.

    The first and the last bin also hold what lies beyond them: a thousandth
    of each group.

    Args:
        counts: Histograms (G,B) of groups; an empty group is allowed.
        bins: Number of bins.

    Returns:
        Edges, one more than bins, and the counts of each group.
    """
    floors = bin_floors().clone()
    floors[0] = floors[1]
    ends = []
    for group in counts[counts.sum(dim=1) > 0]:
        share = group.cumsum(0).double() / float(group.sum())
        for level in (_TAIL, 1 - _TAIL):
            ends.append(float(floors[int((share < level).sum())]))
    low = min(ends, default=0.0)
    width = max(max(ends, default=0.0) - low, 1e-3 * abs(low), 1e-6) / bins
    place = ((floors - low) / width).long().clamp(0, bins - 1)
    coarse = torch.zeros(len(counts), bins, dtype=torch.int64)
    coarse.index_add_(1, place, counts)
    return [low + width * edge for edge in range(bins + 1)], coarse.tolist()


def _from_top(counts: Tensor) -> Tensor:
    """Count the scores in each bin or above, from the top (B,), float64."""
    return counts.flip(0).cumsum(0).double()


@cache
def _bits_of_smallest() -> int:
    return int(torch.tensor(_SMALLEST).view(torch.int32))
