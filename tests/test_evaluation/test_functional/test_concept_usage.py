import math

import pytest
import torch

from mmproto.evaluation.functional.concept_usage import (
    compute_health,
    duplicate_pairs,
    empty_usage,
    measure_batch,
    reduce_usage,
    update_usage,
)
from mmproto.evaluation.functional.states import merge_states


@pytest.fixture
def images():
    """Five images, each a list of K=4 maps; concept 2 never, 3 once."""
    torch.manual_seed(0)
    maps = torch.rand(5, 4, 3, 6) * 0.5
    maps[:, 2] *= 0.1
    maps[:, 3] *= 0.1
    maps[3, 3, 1, 2] = 0.9
    return maps


def accumulate(batches, gram=False):
    usage = empty_usage(4)
    for batch in batches:
        usage = update_usage(usage, measure_batch(batch, gram), 0.1)
    return usage


@pytest.mark.parametrize('size', [1, 2, 5])
def test_batches_do_not_matter(images, size):
    usage = accumulate(images.split(size), gram=True)
    flat = images.double().transpose(0, 1).flatten(1)  # K, pixels
    torch.testing.assert_close(usage.total, flat.sum(1))
    torch.testing.assert_close(usage.peak, flat.amax(1))
    torch.testing.assert_close(usage.gram, flat @ flat.T)
    assert usage.images_seen.tolist() == [5, 5, 0, 1]
    assert usage.counts.tolist() == [5, 5 * 18]
    health = compute_health(usage, [])
    assert health.dead == [2] and health.one_image == [3]
    torch.testing.assert_close(health.mean_activation, flat.mean(1))


def test_windows_of_an_image_are_one_image(images):
    left, right = (measure_batch(part, True) for part in images.split(3, 3))
    merged = update_usage(empty_usage(4), merge_states(left, right), 0.1)
    whole = accumulate([images], gram=True)
    for name in ('total', 'peak', 'images_seen', 'counts', 'gram'):
        a, b = getattr(merged, name), getattr(whole, name)
        torch.testing.assert_close(a, b)


def test_one_rank_keeps_its_sums(images):
    usage, same = accumulate([images]), accumulate([images])
    reduce_usage(usage)
    assert usage.counts.tolist() == same.counts.tolist()
    assert torch.equal(usage.total, same.total)


@pytest.mark.parametrize(
    ('levels', 'effective'),
    [([1, 1, 1, 1], 4.0), ([1, 0, 0, 0], 1.0), ([1, 1, 0, 0], 2.0)],
)
def test_effective_number(levels, effective):
    maps = torch.tensor(levels).float().view(1, 4, 1, 1).expand(2, 4, 3, 3)
    health = compute_health(accumulate([maps]), [])
    assert health.effective_number == pytest.approx(effective)
    assert health.entropy == pytest.approx(math.log(effective), abs=1e-9)


def test_no_image_at_all():
    health = compute_health(empty_usage(4), [])
    assert health.dead == [0, 1, 2, 3] and health.entropy == 0


def test_duplicate_pairs_by_brute_force():
    torch.manual_seed(1)
    vectors = torch.randn(12, 3, dtype=torch.float64)
    vectors[7] = 4 * vectors[2]
    vectors[9] = -vectors[2]
    vectors[5] = 0
    expected = [
        (i, j)
        for i in range(12)
        for j in range(i + 1, 12)
        if torch.cosine_similarity(vectors[i], vectors[j], dim=0) > 0.9
    ]
    assert duplicate_pairs(vectors @ vectors.T, 0.9) == expected
    assert (2, 7) in expected
