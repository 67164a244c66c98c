"""Parts under patches, against loops over pixels."""

import numpy as np
import pytest
import torch

from mmproto.evaluation.functional.patch_parts import (
    cell_centres,
    largest_part,
    part_points,
    parts_hit,
)

PARTS = 4


def draw(seed, size=(17, 23)):
    """Labels in blocks, half of them without a part."""
    rng = np.random.default_rng(seed)
    blocks = (-(-size[0] // 3), -(-size[1] // 3))
    parts = rng.integers(0, PARTS + 1, blocks) * rng.integers(0, 2, blocks)
    instances = rng.choice([0, 3, 24001], blocks)
    return [
        torch.as_tensor(values.repeat(3, 0).repeat(3, 1)[: size[0], : size[1]])
        for values in (parts, instances)
    ]


@pytest.mark.parametrize('seed', range(3))
def test_points_are_centroids_of_parts_of_objects(seed):
    parts, instances = draw(seed)
    expected = set()
    for instance in (0, 3, 24001):
        for part in range(1, PARTS + 1):
            pixels = [
                place
                for place in np.ndindex(*parts.shape)
                if parts[place] == part and instances[place] == instance
            ]
            if pixels:
                centroid = np.mean(pixels, axis=0).round(9)
                expected.add((*centroid.tolist(), part))
    points, kinds = part_points(parts, instances, PARTS)
    found = zip(*points.T.numpy().round(9).tolist(), kinds.tolist())
    assert set(found) == expected
    assert len(points) == len(expected) > 4


def test_an_image_without_parts_has_no_points():
    nothing = torch.zeros(4, 5, dtype=torch.int64)
    points, kinds = part_points(nothing, nothing, PARTS)
    assert points.shape == (0, 2)
    assert kinds.shape == (0,)
    corner = torch.zeros(2, 2)
    assert not parts_hit(points, kinds, corner, corner + 9, PARTS).any()


def test_the_border_belongs_to_a_box():
    points = torch.tensor([[2.0, 3.0], [6.0, 8.0], [6.1, 5.0], [4.0, 4.0]])
    kinds = torch.tensor([1, 2, 3, 1])
    low = torch.tensor([[2, 3], [0, 0]])
    high = torch.tensor([[6, 8], [4, 3]])
    hits = parts_hit(points, kinds, low, high, PARTS)
    assert hits.tolist() == [
        [False, True, True, False, False],
        [False, True, False, False, False],
    ]


@pytest.mark.parametrize('size', [1, 4, 5, 40])
def test_largest_part_equals_a_loop_over_pixels(size):
    parts, _ = draw(0)
    rows = torch.tensor([0, 8, 16, 3, 10])
    columns = torch.tensor([0, 11, 22, 22, 1])
    expected = []
    for row, column in zip(rows.tolist(), columns.tolist()):
        counts = [0] * (PARTS + 1)
        for y in range(row - size // 2, row - size // 2 + size):
            for x in range(column - size // 2, column - size // 2 + size):
                if 0 <= y < 17 and 0 <= x < 23:
                    counts[parts[y, x]] += 1
        labelled = [0, *counts[1:]]
        expected.append(labelled.index(max(labelled)))
    found = largest_part(parts, rows, columns, size, PARTS)
    assert found.tolist() == expected


def test_centres_of_cells():
    cells = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2])
    assert cell_centres(cells, 3).tolist() == [2, 5, 7]
    # more cells than pixels: each takes the pixel that covers it
    assert cell_centres(torch.tensor([0, 2, 4]), 5).tolist() == [0, 1, 1, 2, 2]
