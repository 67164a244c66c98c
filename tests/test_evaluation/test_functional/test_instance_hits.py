"""Parts of objects: against loops, and what a definition has to hold."""

import numpy as np
import pytest
import torch
from part_cases import CELLS, Scene

from mmproto.evaluation.functional.instance_hits import (
    chances,
    hit_part,
    instance_hits,
)
from mmproto.evaluation.functional.part_targets import Instance

# a car of ten cells: body, window, wheel, none
CAR = Instance(0, torch.arange(10), torch.tensor([1] * 6 + [2] * 2 + [3, 0]))


def slow_hit(values, parts):
    """Part that an area picks out, cell by cell."""
    area = [p for v, p in zip(values, parts) if v >= 0.5 * max(values)]
    for part in set(parts) - {0}:
        missed = sum(p != part for p in area) / len(area)
        by_chance = sum(p != part for p in parts) / len(parts)
        if missed <= 0.5 * by_chance:
            return part
    return 0


@pytest.mark.parametrize('seed', range(6))
def test_instance_hits(seed):
    scene = Scene(seed)
    targets = scene.targets
    maps = scene.maps.double().flatten(1).numpy()
    weights = scene.weights.double().numpy()
    evidence = weights @ maps
    found = instance_hits(scene.maps.double(), scene.weights.double(), targets)
    assert found.shape == (len(targets.instances), len(maps))
    for row, thing in zip(found.tolist(), targets.instances):
        cells = thing.cells.tolist()
        for k, part in enumerate(row):
            values = maps[k, cells]
            cell = cells[int(values.argmax())]
            given = weights[thing.class_index, k] * values.max()
            active = given > 0 and given >= 0.1 * evidence[:, cell].max()
            expected = slow_hit(values, thing.parts.tolist()) if active else -1
            assert part == expected
    assert len({0, -1} & set(found.flatten().tolist())) == 2
    assert (found > 0).any()


def test_an_area_on_a_part_hits_it_and_the_whole_object_hits_none():
    maps = torch.zeros(5, 10)
    maps[0, :6] = 1  # the body
    maps[1] = 0.3  # all of it, most of which is body
    maps[2, 8] = 1  # the wheel
    maps[2, :8] = 0.4  # weak elsewhere
    maps[3, [0, 6]] = 1  # two parts
    maps[4, 9] = 1  # no part
    assert hit_part(maps, CAR).tolist() == [1, 0, 3, 0, 0]


def test_an_area_may_miss_half_as_often_as_chance():
    """On a part that is half of it, chance misses 5 of 10."""
    half = Instance(0, torch.arange(10), torch.tensor([3] * 5 + [1] * 5))
    maps = torch.zeros(3, 10)
    maps[0, :6] = 1  # misses 1 of 6
    maps[1, 2:6] = 1  # misses 1 of 4: exactly half as often
    maps[2, :7] = 1  # misses 2 of 7
    assert hit_part(maps, half).tolist() == [3, 3, 0]


def test_the_scale_of_a_concept_does_not_matter():
    maps = torch.rand(50, 10, generator=torch.Generator().manual_seed(0))
    assert (hit_part(maps, CAR) == hit_part(maps / 64, CAR)).all()
    assert hit_part(maps**20, CAR).any()


def test_a_concept_has_to_matter_to_be_active():
    scene = Scene(0)
    targets = scene.targets
    maps = torch.ones(2, *CELLS)
    maps[1] = 0.05
    weights = torch.ones(3, 2)
    active = instance_hits(maps, weights, targets) >= 0
    assert active[:, 0].all()
    assert not active[:, 1].any()
    weights[:, 1] = 20  # as much evidence as the other
    assert (instance_hits(maps, weights, targets) >= 0).all()
    weights[:, 0] = 0  # of no class
    assert not (instance_hits(maps, weights, targets) >= 0)[:, 0].any()
    assert not (instance_hits(0 * maps, weights, targets) >= 0).any()


def test_chances():
    targets = Scene(1).targets
    for row, thing in zip(chances(targets).tolist(), targets.instances):
        parts = thing.parts.tolist()
        expected = [parts.count(p) / len(parts) for p in range(6)]
        assert np.allclose(row, expected)
