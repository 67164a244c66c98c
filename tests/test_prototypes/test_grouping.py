"""Groups of equal size."""

from itertools import combinations

import pytest
import torch
import torch.nn.functional as F

from mmproto.prototypes.grouping import balanced_groups


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def unit(*shape, seed=0):
    return F.normalize(torch.randn(*shape, generator=generator(seed)), dim=-1)


def as_sets(members):
    return {frozenset(group) for group in members.tolist()}


def cost(points, members):
    """Sum one minus the cosine to the centre of the own group."""
    total = 0.0
    for group in members:
        centre = sum(points[i] for i in group)
        centre = centre / centre.norm()
        total += sum(1 - float(points[i] @ centre) for i in group)
    return total


@pytest.mark.parametrize('groups, size', [(4, 3), (3, 2), (2, 5), (6, 4)])
def test_planted_groups_are_found(groups, size):
    centres = torch.eye(8)[:groups]
    noise = 0.1 * torch.randn(groups, size, 8, generator=generator())
    points = F.normalize(centres[:, None] + noise, dim=2).flatten(0, 1)
    shuffled = torch.randperm(len(points), generator=generator())
    found = balanced_groups(points[shuffled], groups, generator())
    planted = {
        frozenset(g)
        for g in torch.arange(len(points)).view(groups, size).tolist()
    }
    assert {frozenset(g) for g in shuffled[found].tolist()} == planted


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('groups, size', [(4, 3), (5, 2), (2, 6), (1, 4)])
def test_no_random_grouping_is_tighter(groups, size, seed):
    points = unit(groups * size, 6, seed=seed)
    found = balanced_groups(points, groups, generator(seed))
    assert found.shape == (groups, size)
    assert sorted(found.flatten().tolist()) == list(range(groups * size))
    best = cost(points, found)
    source = generator(seed + 100)
    for _ in range(50):
        order = torch.randperm(len(points), generator=source)
        assert best <= cost(points, order.view(groups, size)) + 1e-5


def groupings(rest, size):
    """List all ways to divide points into groups."""
    if not rest:
        yield []
        return
    for others in combinations(rest[1:], size - 1):
        left = [i for i in rest[1:] if i not in others]
        for grouping in groupings(left, size):
            yield [[rest[0], *others], *grouping]


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('groups, size', [(3, 2), (2, 4), (3, 3)])
def test_small_groupings_are_the_best_of_all(groups, size, seed):
    points = unit(groups * size, 5, seed=seed)
    found = balanced_groups(points, groups, generator())
    every = groupings(list(range(len(points))), size)
    best = min(cost(points, grouping) for grouping in every)
    assert cost(points, found) == pytest.approx(best, abs=1e-4)


def test_groups_that_do_not_come_out_even():
    with pytest.raises(ValueError, match='7 points do not make 2 groups'):
        balanced_groups(unit(7, 3), 2, generator())


@pytest.mark.parametrize('kind', ['zero', 'opposite', 'same', 'nan'])
def test_points_that_cancel_or_are_none_come_to_an_end(kind):
    points = unit(39, 8)
    points[::2] = {
        'zero': 0 * points[::2],
        'opposite': -points[:-1:2].flip(0).repeat(2, 1)[:20],
        'same': points[:1] + 1e-7 * points[::2],
        'nan': points[::2] * torch.nan,
    }[kind]
    if kind == 'nan':  # the assignment problem refuses them
        with pytest.raises(ValueError):
            balanced_groups(points, 13, generator())
        return
    found = balanced_groups(points, 13, generator())
    assert sorted(found.flatten().tolist()) == list(range(39))
