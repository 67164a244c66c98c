"""Drops of concepts across boundaries, against loops over cells."""

import math

import pytest
import torch

from mmproto.evaluation.functional.boundary_sharpness import (
    boundary_sharpness,
    measure_sharpness,
)
from mmproto.evaluation.functional.states import merge_states

VOID = 255


def distance(cell, cells):
    """Chebyshev distance to the nearest of some cells."""
    return min(
        (max(abs(cell[0] - i), abs(cell[1] - j)) for i, j in cells),
        default=math.inf,
    )


def slow_zones(activations, labels, weights, near, far):
    """Activations in the four zones of every concept, as lists."""
    zones = [[[] for _ in range(len(activations))] for _ in range(4)]
    places = {
        (i, j): int(label)
        for i, row in enumerate(labels)
        for j, label in enumerate(row)
        if label < len(weights)
    }
    for c in set(places.values()):
        own = [place for place, label in places.items() if label == c]
        other = [place for place, label in places.items() if label != c]
        evidence = [
            float(weights[c, k] * sum(activations[k][place] for place in own))
            for k in range(len(activations))
        ]
        k = evidence.index(max(evidence))
        if evidence[k] == 0:
            continue
        for side, (these, those) in enumerate(((own, other), (other, own))):
            for place in these:
                value = float(activations[k][place])
                if distance(place, those) <= near:
                    zones[side][k].append(value)
                if distance(place, those) >= far:
                    zones[2 + side][k].append(value)
    return zones


def random_image(seed):
    """Blocks of classes with void; class 3 has no weight."""
    generator = torch.Generator().manual_seed(seed)
    blocks = torch.randint(0, 5, (2, 3), generator=generator)
    blocks[blocks == 4] = VOID
    labels = blocks.repeat_interleave(7, 0).repeat_interleave(6, 1)[:, :17]
    activations = torch.rand(6, 14, 17, generator=generator)
    weights = torch.rand(4, 6, generator=generator)
    weights[3] = 0
    return activations, labels, weights


def mean(values):
    return sum(values) / len(values) if values else math.nan


@pytest.mark.parametrize('near, far', [(1, 3), (2, 6), (1, 2)])
def test_sums_and_numbers_equal_those_of_loops(near, far):
    state, lists = None, [[[] for _ in range(6)]] * 4
    weights = random_image(0)[2]
    for seed in range(4):
        activations, labels, _ = random_image(seed)
        image = activations, labels, weights, near, far
        state = merge_states(state, measure_sharpness(*image))
        new = slow_zones(*image)
        lists = [
            [a + b for a, b in zip(old_row, new_row)]
            for old_row, new_row in zip(lists, new)
        ]
    assert state.cells.tolist() == [[len(v) for v in row] for row in lists]
    sums = torch.tensor([[sum(v) for v in row] for row in lists])
    assert torch.allclose(state.sums.float(), sums, rtol=1e-4)

    found = boundary_sharpness(state, -1.0)  # noise too
    total = top = bottom = 0
    for k in range(6):
        one, two, three, four = (mean(row[k]) for row in lists)
        drop, inside = one - two, three - four
        measured = not math.isnan(drop) and inside > -1
        assert bool(found.measured[k]) == measured
        if measured:
            assert float(found.ratio[k]) == pytest.approx(
                drop / inside, abs=1e-3
            )
            total += len(lists[0][k])
            top += len(lists[0][k]) * drop
            bottom += len(lists[0][k]) * inside
        else:
            assert found.ratio[k].isnan()
    assert total, 'nothing was compared'
    assert found.mean_near == pytest.approx(top / total, abs=1e-5)
    assert found.mean_far == pytest.approx(bottom / total, abs=1e-5)


def halves(ramp):
    """Left half one class, right half another; a concept for each."""
    labels = torch.zeros(6, 16, dtype=torch.int64)
    labels[:, 8:] = 1
    right = torch.tensor(ramp).expand(6, 16)
    return torch.stack([1 - right, right]), labels, torch.eye(2)


@pytest.mark.parametrize(
    'middle, sharpness',
    [
        ([0.0, 0.0, 1.0, 1.0], 1.0),
        ([0.0, 0.25, 0.75, 1.0], 0.5),
        ([0.0, 0.5, 0.5, 1.0], 0.0),
    ],
)
def test_a_step_is_sharp_and_a_plateau_is_not(middle, sharpness):
    image = halves([0.0] * 6 + middle + [1.0] * 6)
    found = boundary_sharpness(measure_sharpness(*image))
    assert found.ratio.tolist() == pytest.approx([sharpness] * 2)
    assert found.mean_near / found.mean_far == pytest.approx(sharpness)


def test_concepts_that_tell_nothing_apart_inside_are_not_measured():
    image = halves([0.45] * 8 + [0.54] * 8)
    assert not boundary_sharpness(measure_sharpness(*image)).measured.any()
    image = halves([0.45] * 8 + [0.56] * 8)
    assert boundary_sharpness(measure_sharpness(*image)).measured.all()


def test_nothing_but_void_gives_zeros():
    activations, labels, weights = random_image(0)
    state = measure_sharpness(
        activations, torch.full_like(labels, VOID), weights
    )
    assert not state.cells.any() and not state.sums.any()
    assert not boundary_sharpness(state).measured.any()
