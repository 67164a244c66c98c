"""Places on a canvas, counted in pixels from the upper left corner."""

import numpy as np
import pytest

from mmproto.visualization.canvas import Canvas


def pixels(canvas):
    canvas.figure.canvas.draw()
    return np.asarray(canvas.figure.canvas.buffer_rgba())[..., :3]


@pytest.fixture
def canvas():
    """60 rows and 100 columns, of which a place in pixels is a place."""
    return Canvas(100, 60, dpi=50, unit=1 / 50)


def extent(marked):
    """Box ``x0, y0, x1, y1`` around the true pixels."""
    rows, columns = np.nonzero(marked)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_a_box_is_where_it_was_said(canvas):
    canvas.add_box(10, 5, 20, 30, facecolor='red', edgecolor='none')
    expected = np.full((60, 100, 3), 255)
    expected[5:35, 10:30] = (255, 0, 0)
    assert np.array_equal(pixels(canvas), expected)


def test_inches_at_another_resolution():
    canvas = Canvas(2, 1, dpi=30)
    canvas.add_box(0.5, 0.1, 1, 0.4, facecolor='black', edgecolor='none')
    assert pixels(canvas).shape == (30, 60, 3)
    assert extent(pixels(canvas)[..., 0] < 128) == (15, 3, 45, 15)


def test_a_picture_fills_its_axes_the_right_way_up(canvas):
    axes = canvas.add_axes(40, 10, 30, 20)
    axes.set_axis_off()
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[:10] = (0, 0, 255)
    axes.imshow(picture, interpolation='nearest')
    found = pixels(canvas)
    assert np.array_equal(found[10:30, 40:70], picture)
    assert (np.delete(found, np.s_[10:30], axis=0) == 255).all()


def test_lines_and_texts_begin_at_their_places(canvas):
    canvas.add_line((10, 90), (50, 50), width=1.44)  # of 72: a pixel
    line = extent(pixels(canvas)[..., 0] < 128)
    assert np.abs(np.subtract(line, (10, 50, 90, 50))).max() <= 1
    canvas.write(20, 8, 'HHH', 14)
    text = extent(pixels(canvas)[:45, :, 0] < 128)
    assert 20 <= text[0] <= 22 and 8 <= text[1] <= 11
    assert text[3] - text[1] == pytest.approx(14 * 50 / 72 * 0.73, abs=1.5)
