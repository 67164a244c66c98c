"""Contact sheets show the place and the concept, and cut off no text."""

import itertools

import cv2
import numpy as np
import pytest

from mmproto.confusions.places import find_places
from mmproto.confusions.sheets import draw_contact_sheet
from mmproto.confusions.views import cut_view
from mmproto.prototypes.patches import Patch

LONG = 'a very long name of a class ' * 20
HOSTILE = r'$\frac{1}$ a$b \alpha_{ ^'


def make_place(size=(64, 96), top=30, left=50, name='image.png'):
    rows, columns = np.mgrid[top : top + 4, left : left + 8]
    pixels = np.ravel_multi_index((rows.ravel(), columns.ravel()), size)
    (place,) = find_places(pixels[:-3], size, name)  # one corner is missing
    return place


def make_view(size=(64, 96), name='image.png'):
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 255, (*size, 3), dtype=np.uint8)
    return cut_view(make_place(size, 10, 10, name), rgb, rng.random(size))


def make_case(truth, predicted, concept=3, name=''):
    row = dict(
        truth={'class': 0, 'name': truth},
        predicted={'class': 1, 'name': predicted},
        concept=concept,
        pixels=123456,
        share=0.12,
        images=101,
        mean_part=0.0123,
        mean_margin=0.5,
        pair_pixels=1234567,
        pair_mended=12345,
    )
    weights = [{'class': 1, 'name': predicted, 'weight': 1.0}]
    entry = dict(
        concept=3, name=name, class_weights=weights, mended=1, broken=2
    )
    data = dict(classes=[truth, predicted], concepts=[entry], surrogate=None)
    return data, row


def make_patches(path, number):
    return [
        Patch(
            prototype=0,
            image=str(path),
            file=path,
            scale=1,
            dilation=2,
            row=3,
            col=5,
            similarity=0.5,
            label=0,
            feature_size=(8, 12),
            image_size=(64, 96),
        )
    ] * number


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'image.png'
    cv2.imwrite(str(path), np.full((64, 96, 3), 99, np.uint8))
    return path


def check_text(figure):
    """Nothing is cut off, and no text lies on another one or an image."""
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    texts = [*figure.texts]
    boxes = []
    for axes in figure.axes:
        texts += axes.texts
        boxes += [image.get_window_extent().extents for image in axes.images]
    boxes += [t.get_window_extent().extents for t in texts if t.get_text()]
    for x0, y0, x1, y1 in boxes:
        assert x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height
    for a, b in itertools.combinations(boxes, 2):
        overlap = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
        assert overlap.min() < 1


@pytest.mark.parametrize(
    ('name', 'size'),
    [
        ('Road', (64, 96)),
        (LONG, (96, 64)),
        ('W' * 300, (64, 96)),
        (HOSTILE, (40, 300)),
    ],
)
def test_no_text_is_cut_off_or_overlaps(file, name, size):
    data, row = make_case(name, name, name=name)
    views = [make_view(size, 'n' * 80 + '.png')] * 3
    check_text(draw_contact_sheet(1, data, row, make_patches(file, 8), views))


@pytest.mark.parametrize(('concept', 'patches'), [(3, 0), (None, 0), (3, 1)])
@pytest.mark.parametrize('views', [1, 3])
def test_sheets_with_little_to_show(file, tmp_path, concept, patches, views):
    data, row = make_case('Road', 'Wall', concept)
    found = make_patches(file, patches)
    figure = draw_contact_sheet(12, data, row, found, [make_view()] * views)
    check_text(figure)
    images = [image for axes in figure.axes for image in axes.images]
    assert len(images) == patches + 2 * views
    figure.savefig(tmp_path / 'sheet.png')


def test_names_are_drawn_as_they_are(file):
    data, row = make_case('$a$', '$b_c$')
    figure = draw_contact_sheet(
        1, data, row, make_patches(file, 1), [make_view()]
    )
    texts = [t for axes in figure.axes for t in axes.texts] + figure.texts
    assert any('$a$' in text.get_text() for text in texts)
    assert not any(text.get_parse_math() for text in texts)


def test_view_shows_the_place_in_its_context():
    size = (64, 96)
    rgb = np.zeros((*size, 3), np.uint8)  # pixels say where they are
    rgb[..., 0], rgb[..., 1] = np.arange(96), np.arange(64)[:, None]
    activation = np.zeros(size)
    activation[30:34, 50:58] = 0.5
    activation[0, 0] = 2
    place = make_place(size)
    view = cut_view(place, rgb, activation)
    rows, columns = np.nonzero(view.mask)
    left, top = (int(c) for c in view.rgb[0, 0, :2])
    assert (left + columns.min(), left + columns.max() + 1) == (50, 58)
    assert (top + rows.min(), top + rows.max() + 1) == (30, 34)
    assert view.mask.sum() == view.pixels == 29
    height, width = view.mask.shape
    assert (height, width) == (29, 38)  # 0.45 of 64, and 4 to 3
    assert view.heat.shape == view.rgb.shape
    assert (view.mean, view.peak) == (0.5, 2)
    # colours end at the peak, which lies outside
    hot = view.heat[view.mask].max()
    assert 60 < hot < 250


def test_views_at_the_border_and_of_whole_images():
    size = (64, 96)
    rgb = np.zeros((*size, 3), np.uint8)
    view = cut_view(make_place(size, 60, 88), rgb, np.ones(size))
    assert view.mask.shape == (29, 38) and view.mask.sum() == 29
    (place,) = find_places(np.arange(64 * 96), size, 'image.png')
    view = cut_view(place, rgb, np.ones(size))
    assert view.mask.shape == size and view.mask.all()


def test_a_view_of_a_large_image_is_small_and_shows_the_place():
    rgb = np.zeros((1024, 2048, 3), np.uint8)
    rgb[500:504, 900:908] = 255
    activation = np.zeros((1024, 2048), np.float32)
    activation[500:504, 900:908] = 0.25
    activation[0, 0] = 0.5
    cross = np.zeros((1024, 2048), bool)
    cross[20:1000, 300] = cross[500, 30:2000] = True
    (place,) = find_places(np.flatnonzero(cross), cross.shape, 'image.png')
    for each in (place, make_place((1024, 2048), 500, 900)):
        view = cut_view(each, rgb, activation)
        rows, columns = view.mask.shape
        assert rows <= 480 and columns <= 960
        assert view.rgb.shape == view.heat.shape == (rows, columns, 3)
        for picture in (view.rgb, view.heat, view.mask):
            assert picture.base is None  # does not hold the whole image
        if each is place:  # one pixel wide, and not lost
            assert view.mask.any(axis=0).mean() > 0.9
            assert view.mask.any(axis=1).mean() > 0.9
    assert view.mean == pytest.approx(0.25) and view.peak == 0.5
    lit = view.rgb[..., 0] > 100
    assert (lit & view.mask).sum() >= 0.9 * view.mask.sum()
    assert 25 < view.mask.sum() < 50 and view.pixels == 29
