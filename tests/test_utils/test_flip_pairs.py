"""Classes of the left and the right in a mirrored image."""

import pytest
import torch

from mmproto.utils.flip_pairs import swap_labels

pytestmark = pytest.mark.smoke


def test_pairs_change_places_and_nothing_else_does():
    labels = torch.tensor([[0, 1, 2], [3, 4, 255]], dtype=torch.uint8)
    swapped = swap_labels(labels, [(1, 4), (2, 3)])
    assert swapped.tolist() == [[0, 4, 3], [2, 1, 255]]
    assert swapped.dtype == torch.uint8
    assert labels.tolist() == [[0, 1, 2], [3, 4, 255]]


def test_twice_is_never():
    labels = torch.randint(0, 9, (5, 7), generator=torch.manual_seed(0))
    pairs = [(8, 0), (3, 5)]
    once = swap_labels(labels, pairs)
    assert not torch.equal(once, labels)
    assert torch.equal(swap_labels(once, pairs), labels)


@pytest.mark.parametrize('pairs', [None, []])
def test_without_pairs_all_stay(pairs):
    labels = torch.arange(4)
    assert swap_labels(labels, pairs).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize('pairs', [[(1, 2, 3)], [(1, 2), (2, 3)], [(1, 1)]])
def test_what_is_no_pair_is_named(pairs):
    with pytest.raises(ValueError, match='each in one pair'):
        swap_labels(torch.arange(4), pairs)
