"""Numbers from histograms against loops over all pairs and thresholds."""

import numpy as np
import pytest
import torch

from mmproto.evaluation.functional import ranking
from mmproto.evaluation.functional.ranking import NUM_BINS, score_bins


def slow_ap(known, unknown):
    """Step over every distinct score, the largest first."""
    total, recall = 0.0, 0.0
    for threshold in sorted({*known, *unknown}, reverse=True):
        true = np.sum(unknown >= threshold)
        false = np.sum(known >= threshold)
        total += (true / len(unknown) - recall) * true / (true + false)
        recall = true / len(unknown)
    return total


def slow_auroc(known, unknown):
    wins = sum(np.sum(u > known) + np.sum(u == known) / 2 for u in unknown)
    return wins / len(known) / len(unknown)


def slow_fpr(known, unknown, recall=0.95):
    for threshold in sorted({*known, *unknown}, reverse=True):
        if np.mean(unknown >= threshold) >= recall:
            return np.mean(known >= threshold)
    raise AssertionError


def histogram(scores):
    scores = torch.as_tensor(np.asarray(scores, np.float32))
    return score_bins(scores).bincount(minlength=NUM_BINS)


def samples(kind, seed=0):
    """Known and unknown scores, 200 and 60, float32."""
    rng = np.random.default_rng(seed)
    known, unknown = rng.normal(0, 1, 200), rng.normal(1, 1, 60)
    if kind == 'ties':
        known, unknown = known.round(), unknown.round()
    elif kind == 'near':  # within a few bins
        known, unknown = 1 + known / 500, 1 + unknown / 500
    elif kind == 'equal':
        known, unknown = known * 0 - 3, unknown * 0 - 3
    elif kind == 'apart':
        unknown = unknown + 100
    return known.astype(np.float32), unknown.astype(np.float32)


KINDS = ('plain', 'ties', 'near', 'equal', 'apart')


@pytest.mark.parametrize('kind', KINDS)
def test_exact_for_scores_counted_as_equal(kind):
    """On bins themselves nothing is lost."""
    known, unknown = samples(kind)
    first, second = histogram(known), histogram(unknown)
    places = [score_bins(torch.tensor(x)).numpy() for x in (known, unknown)]
    for fast, slow in (
        (ranking.average_precision, slow_ap),
        (ranking.auroc, slow_auroc),
        (ranking.fpr_at_recall, slow_fpr),
    ):
        assert fast(first, second) == pytest.approx(slow(*places), abs=1e-12)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('seed', [1, 2])
def test_within_bounds_of_the_exact_numbers(kind, seed):
    """Only pixels of one bin can be in another order than assumed."""
    known, unknown = samples(kind, seed)
    n, p = histogram(known).numpy(), histogram(unknown).numpy()
    first, second = torch.tensor(n), torch.tensor(p)
    # every pair within a bin counts a half and not 0 or 1
    bound = 0.5 * (n / n.sum() * (p / p.sum())).sum()
    error = ranking.auroc(first, second) - slow_auroc(known, unknown)
    assert abs(error) <= bound + 1e-12
    # best and worst order within every bin
    low = high = true = false = 0
    fprs = []
    for b in np.flatnonzero(n + p)[::-1]:
        if p[b]:
            low += p[b] * (true + 1) / (true + 1 + false + n[b]) / p.sum()
            high += p[b] * (true + p[b]) / (true + p[b] + false) / p.sum()
        before = false
        true, false = true + p[b], false + n[b]
        if true / p.sum() >= 0.95:
            fprs.append((before / n.sum(), false / n.sum()))
    assert low - 1e-12 <= slow_ap(known, unknown) <= high + 1e-12
    ap = ranking.average_precision(first, second)
    assert low - 1e-12 <= ap <= high + 1e-12
    assert fprs[0][0] <= slow_fpr(known, unknown) <= fprs[0][1]
    assert fprs[0][0] <= ranking.fpr_at_recall(first, second) <= fprs[0][1]


def test_bins_are_fine_enough():
    known, unknown = samples('plain')
    first, second = histogram(known), histogram(unknown)
    for fast, slow in (
        (ranking.average_precision, slow_ap),
        (ranking.auroc, slow_auroc),
        (ranking.fpr_at_recall, slow_fpr),
    ):
        assert abs(fast(first, second) - slow(known, unknown)) < 5e-3


def test_bins_keep_the_order():
    rng = np.random.default_rng(0)
    size = np.exp(rng.uniform(-20, 15, 5000)) * rng.choice([-1, 1], 5000)
    extremes = [0.0, -0.0, 1e-30, -1e-30, np.inf, -np.inf, 1e30, -1e30]
    scores = torch.tensor(np.sort(np.append(size, extremes))).float()
    bins = score_bins(scores)
    assert (bins.diff() >= 0).all()
    assert bins[0] == 0
    assert bins[-1] == NUM_BINS - 1
    gap = scores[1:] - scores[:-1]
    inside = (scores[:-1].abs() > 1e-6) & (scores[1:].abs() < 6e4)
    # scores of one bin differ by at most 2 ** -10 of their size
    same = (bins.diff() == 0) & inside
    assert same.any()
    assert (gap[same] <= 2.0**-10 * scores[1:][same].abs() * 1.001).all()


def test_floors_are_the_smallest_of_their_bins():
    floors = ranking.bin_floors()
    assert (floors.diff() > 0).all()
    numbers = torch.arange(1, NUM_BINS)
    smallest = floors[1:].float()
    assert torch.equal(smallest.double(), floors[1:])  # exact in float32
    assert torch.equal(score_bins(smallest), numbers)
    below = torch.nextafter(smallest, torch.tensor(-torch.inf))
    assert torch.equal(score_bins(below), numbers - 1)


def test_scores_that_are_not_numbers_are_refused():
    with pytest.raises(ValueError, match='not numbers'):
        score_bins(torch.tensor([0.0, torch.nan]))


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('share', [0.01, 0.05, 0.5])
def test_threshold_flags_no_more_than_the_share(kind, share):
    known, _ = samples(kind)
    counts = histogram(known)
    threshold = ranking.threshold_at(counts, share)
    assert (known >= np.float32(threshold)).mean() <= share
    # any score below it would flag too many
    lower = known[known < np.float32(threshold)].max()
    same_bin = score_bins(torch.tensor(known)) >= score_bins(
        torch.tensor(lower)
    )
    assert same_bin.float().mean() > share


def test_threshold_above_all_bins():
    counts = histogram([np.inf] * 3)
    assert np.isfinite(ranking.threshold_at(counts, 0.1))


def test_curves_are_steps_of_the_exact_ones():
    known, unknown = samples('plain')
    first, second = histogram(known), histogram(unknown)
    places = [score_bins(torch.tensor(x)).numpy() for x in (known, unknown)]
    thresholds = np.unique(np.concatenate(places))[::-1]
    points = [[(x >= t).sum() for x in places] for t in thresholds]
    x, y = ranking.roc_curve(first, second)
    assert len(x) == len(y) == 100
    assert y[-1] == 1
    for share, found in zip(x, y):
        reached = [u for k, u in points if k / 200 <= share]
        assert found == pytest.approx(max(reached, default=0) / 60)
    x, y = ranking.precision_recall_curve(first, second)
    assert len(x) == len(y) == 100
    for recall, found in zip(x, y):
        k, u = next(p for p in points if p[1] / 60 >= recall)
        assert found == pytest.approx(u / (u + k))


def test_coarse_histogram_holds_everything():
    known, unknown = samples('plain')
    both = np.stack([histogram(known), histogram(unknown)])
    edges, counts = ranking.coarse_histogram(torch.tensor(both))
    assert len(edges) == 31
    assert np.allclose(np.diff(edges), (edges[-1] - edges[0]) / 30)
    assert [sum(line) for line in counts] == [200, 60]
    inner = np.histogram(known, edges)[0][1:-1]
    assert np.abs(np.array(counts[0])[1:-1] - inner).max() <= 1  # bin limits
    edges, counts = ranking.coarse_histogram(torch.zeros(2, NUM_BINS).long())
    assert sum(map(sum, counts)) == 0
    assert np.diff(edges).min() > 0
