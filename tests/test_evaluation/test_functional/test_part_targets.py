"""Parts of an image: against loops over pixels."""

import numpy as np
import pytest
import torch
from part_cases import CELLS, CLASSES, PART_CLASSES, SIZE, Scene

from mmproto.evaluation.functional.part_targets import (
    component_centroids,
    part_targets,
)

SEEDS = pytest.mark.parametrize('seed', range(4))


def flood(mask):
    """Components of a mask by eight neighbours, as lists of pixels."""
    left = {tuple(p) for p in np.argwhere(mask).tolist()}
    found = []
    while left:
        queue, pixels = [left.pop()], []
        while queue:
            y, x = queue.pop()
            pixels.append((y, x))
            near = {(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
            queue += near & left
            left -= near
        found.append(pixels)
    return found


@SEEDS
def test_pixels_and_points(seed):
    scene = Scene(seed)
    targets = scene.targets
    part_pixels = np.zeros((len(PART_CLASSES), CELLS[0] * CELLS[1]), int)
    class_pixels = np.zeros((CLASSES, CELLS[0] * CELLS[1]), int)
    places = {part: [] for part in range(len(PART_CLASSES))}
    masked = set()
    for y in range(SIZE[0]):
        for x in range(SIZE[1]):
            cell = y * CELLS[0] // SIZE[0] * CELLS[1]
            cell += x * CELLS[1] // SIZE[1]
            part, label = int(scene.parts[y, x]), int(scene.labels[y, x])
            if part == 4:  # of no class of the data set
                part = 0
            part_pixels[part, cell] += 1
            places[part].append((y, x))
            if label != 255:
                class_pixels[label, cell] += 1
            if part and label == PART_CLASSES[part]:
                masked.add(part)
    assert (targets.part_pixels.numpy() == part_pixels).all()
    assert (targets.class_pixels.numpy() == class_pixels).all()
    assert set(targets.masked.nonzero()[:, 0].tolist()) == masked
    for part, pixels in places.items():
        assert bool(targets.visible[part]) == bool(part and pixels)
        if pixels:
            mean = np.array(pixels).mean(axis=0)
            assert targets.points[part].tolist() == mean.astype(int).tolist()


@SEEDS
def test_component_centroids(seed):
    parts = Scene(seed).parts
    places, kinds = component_centroids(parts)
    expected = []
    for part in range(1, 6):
        mask = (parts == part).numpy()
        groups = [np.argwhere(~mask), *flood(mask)]  # OpenCV's first is not
        expected += [
            (part, *np.round(np.mean(group, axis=0)).astype(int).tolist())
            for group in groups
        ]
    found = [(int(k), *p) for k, p in zip(kinds, places.tolist())]
    assert sorted(found) == sorted(expected)


def test_a_part_that_fills_the_image_has_one_component():
    places, kinds = component_centroids(torch.full((3, 5), 2))
    assert places.tolist() == [[1, 2]]
    assert kinds.tolist() == [2]


def test_no_parts():
    places, kinds = component_centroids(torch.zeros(3, 5, dtype=torch.int64))
    assert places.shape == (0, 2)
    assert kinds.shape == (0,)


@SEEDS
def test_components_outside_the_class_are_dropped(seed):
    scene = Scene(seed)
    targets = scene.targets
    in_class = scene.parts * (PART_CLASSES[scene.parts] == scene.labels)
    in_class[scene.parts == 4] = 0
    expected = []
    for (y, x), part in zip(
        *(v.tolist() for v in component_centroids(in_class))
    ):
        if scene.labels[y, x] == PART_CLASSES[part]:
            cell = int(scene.cell_rows[y]) * CELLS[1]
            expected.append((part, cell + int(scene.cell_columns[x])))
    found = zip(
        targets.component_parts.tolist(), targets.component_cells.tolist()
    )
    assert list(found) == expected
    assert 0 < len(expected) < len(component_centroids(in_class)[1])


def test_objects_are_read_at_the_centres_of_cells():
    parts = torch.zeros(8, 12, dtype=torch.int64)
    instances = torch.zeros_like(parts)
    parts[:4, :4], parts[:4, 4:8] = 1, 2  # one object of two parts
    instances[:4, :8] = 9
    parts[0, 0] = 3  # beside the centre: not seen
    parts[4:, :4], parts[4:, 4:8] = 3, 5  # of class 1, no object
    parts[:4, 8:], instances[:4, 8:] = 1, 4  # a single part
    targets = part_targets(
        parts,
        instances,
        PART_CLASSES[parts] % 256,  # void where there is no part
        PART_CLASSES,
        CLASSES,
        torch.arange(8) // 4,
        torch.arange(12) // 4,
    )
    stuff, thing = targets.instances
    assert (thing.class_index, stuff.class_index) == (0, 1)
    assert thing.cells.tolist() == [0, 1]
    assert thing.parts.tolist() == [1, 2]
    assert stuff.cells.tolist() == [3, 4]
    assert stuff.parts.tolist() == [3, 5]


def test_cells_smaller_than_pixels():
    parts = torch.tensor([[1, 2]])
    targets = part_targets(
        parts,
        torch.ones_like(parts),
        torch.zeros_like(parts),
        PART_CLASSES,
        CLASSES,
        torch.tensor([1]),
        torch.tensor([1, 4]),
    )
    (found,) = targets.instances
    assert found.parts.tolist() == [1, 1, 2, 2, 2] * 2
