"""Masks of polygons, against pixels judged one by one."""

import numpy as np
import pytest

from mmproto.datasets.polygons import draw_polygons, polygon_mask

pytestmark = pytest.mark.smoke


def turns(ring, x, y):
    """How often a polygon winds around a point: the sum of the angles."""
    angles = np.arctan2(ring[:, 1] - y, ring[:, 0] - x)
    steps = np.diff(np.append(angles, angles[0]))
    return round(((steps + np.pi) % (2 * np.pi) - np.pi).sum() / (2 * np.pi))


def by_hand(ring, height, width):
    return np.array(
        [
            [turns(ring, x + 0.5, y + 0.5) % 2 == 1 for x in range(width)]
            for y in range(height)
        ]
    )


def square(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)


@pytest.mark.parametrize('seed', range(6))
def test_random_polygons_that_cross_themselves_and_the_border(seed):
    rng = np.random.default_rng(seed)
    ring = rng.uniform(-4, 24, (rng.integers(3, 9), 2))
    expected = by_hand(ring, 17, 20)
    np.testing.assert_array_equal(polygon_mask(ring, 17, 20), expected)
    assert expected.any() and not expected.all()


def test_a_pixel_belongs_to_one_of_two_polygons_with_a_common_side():
    """Also where the side goes through the centres of pixels."""
    left = polygon_mask(square(0, 0, 4.5, 6), 6, 9)
    right = polygon_mask(square(4.5, 0, 9, 6), 6, 9)
    assert (left ^ right).all()
    above = polygon_mask(square(0, 0, 9, 2.5), 6, 9)
    below = polygon_mask(square(0, 2.5, 9, 6), 6, 9)
    assert (above ^ below).all()


def test_whole_pixels_are_filled_exactly():
    mask = polygon_mask(square(2, 1, 5, 4), 6, 7)
    expected = np.zeros((6, 7), bool)
    expected[1:4, 2:5] = True
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize('order', [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_smaller_is_seen_whatever_the_order(order):
    objects = [
        (7, [square(0, 0, 8, 8)]),
        (3, [square(1, 1, 6, 6)]),
        (5, [square(2, 2, 3, 4)]),
    ]
    mask = draw_polygons([objects[i] for i in order], 8, 9)
    expected = np.zeros((8, 9), int)
    expected[0:8, 0:8] = 7
    expected[1:6, 1:6] = 3
    expected[2:4, 2:3] = 5
    np.testing.assert_array_equal(mask, expected)


def test_polygons_of_an_object_are_parts_of_it():
    """A second one within the first is no hole, as in COCO."""
    rings = [square(0, 0, 4, 4), square(1, 1, 2, 2), square(5, 0, 6, 1)]
    mask = draw_polygons([(1, rings)], 4, 6)
    assert mask.sum() == 17
    assert mask[1, 1] == mask[0, 5] == 1


def test_no_object_is_background():
    mask = draw_polygons([], 2, 3)
    assert mask.dtype == np.uint8
    assert mask.tolist() == [[0, 0, 0], [0, 0, 0]]
