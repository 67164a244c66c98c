"""States of different images are joined field by field."""

from dataclasses import dataclass, field
from functools import reduce

import torch
from torch import Tensor

from mmproto.evaluation.functional.states import (
    KEPT,
    LARGEST,
    merge_states,
    share,
)


@dataclass
class Inner:
    """What is added, and what is not."""

    count: int
    peak: Tensor = field(metadata=LARGEST)
    names: list[str] = field(metadata=KEPT)
    gram: Tensor | None = None


@dataclass
class Outer:
    """A state of states."""

    inner: Inner
    images: list[int]


def state(index, gram=None):
    peak = torch.tensor([1.0 * index, -index])
    return Outer(Inner(index, peak, ['a', 'b'], gram), [index])


def test_every_field_by_its_own_rule():
    joined = reduce(merge_states, map(state, (1, 3, 2)))
    assert joined.images == [1, 3, 2]
    assert joined.inner.count == 6
    assert joined.inner.peak.tolist() == [3, -1]
    assert joined.inner.names == ['a', 'b']
    assert joined.inner.gram is None


def test_none_is_an_empty_state():
    one = state(1)
    assert merge_states(None, one) is merge_states(one, None) is one
    assert merge_states(None, None) is None
    gram = torch.ones(2)
    for pair in ((gram, None), (None, gram), (gram, 0 * gram)):
        joined = merge_states(*(state(1, given) for given in pair))
        assert joined.inner.gram.equal(gram)


def test_joining_changes_neither():
    first, second = state(1), state(2)
    merge_states(first, second)
    assert (first.images, first.inner.count) == ([1], 1)
    assert second.inner.peak.tolist() == [2, -2]


def test_a_share_of_nothing_is_zero():
    found = share(torch.tensor([1, 0, 3]), torch.tensor([3, 0, 3]))
    assert found.dtype == torch.float64
    assert found.tolist() == [1 / 3, 0, 1]
