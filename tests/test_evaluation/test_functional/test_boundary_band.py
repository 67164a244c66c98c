"""The band around boundaries, against loops over pixels."""

import pytest
import torch

from mmproto.evaluation.functional.boundary_band import (
    boundary_band,
    largest_within,
)


def slow_band(labels, width, void):
    """Look at every pair of pixels."""
    height, columns = labels.shape
    band = torch.zeros(height, columns, dtype=torch.bool)
    for i in range(height):
        for j in range(columns):
            for p in range(height):
                for q in range(columns):
                    near = max(abs(i - p), abs(j - q)) <= width
                    one, two = int(labels[i, j]), int(labels[p, q])
                    if near and one != two and void not in (one, two):
                        band[i, j] = True
    return band


@pytest.mark.parametrize('width', [1, 2, 3, 20])
@pytest.mark.parametrize('void', [255, -1, 0])
def test_band_equals_that_of_loops(width, void):
    generator = torch.Generator().manual_seed(width)
    coarse = torch.randint(0, 4, (4, 5), generator=generator)
    coarse[coarse == 3] = void
    labels = coarse.repeat_interleave(3, 0).repeat_interleave(2, 1)
    expected = slow_band(labels, width, void)
    assert expected.any()
    assert torch.equal(boundary_band(labels, width, void), expected)


def test_an_edge_towards_void_makes_no_band():
    labels = torch.full((6, 9), 7)
    labels[:, 4:] = 255
    assert not boundary_band(labels, 3, 255).any()
    # behind two columns of void there is another label, three pixels away
    labels[:, 6:] = 2
    assert boundary_band(labels, 2, 255).sum() == 0
    columns = boundary_band(labels, 3, 255).all(dim=0).nonzero()[:, 0]
    assert columns.tolist() == [3, 6]


def test_the_window_is_a_square():
    point = torch.zeros(1, 9, 9)
    point[0, 3, 4] = 1
    assert largest_within(point, 2)[0].nonzero().tolist() == [
        [row, column] for row in range(1, 6) for column in range(2, 7)
    ]
    assert torch.equal(largest_within(point, 0), point)
