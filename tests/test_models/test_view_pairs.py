"""Tests that a cell shows the same place in both views."""

import pytest
import torch

from mmproto.models.decode_heads.view_pairs import pair_views

PADDED = (96, 128)


def place_maps(size, image, window, cells=(12, 16)):
    """Maps (1,2,H,W): row and column in the first view, cell by cell."""
    maps = torch.zeros(1, 2, *cells, dtype=torch.float64)
    for row in range(cells[0]):
        for column in range(cells[1]):
            for axis, cell in enumerate((row, column)):
                pixel = (cell + 0.5) * PADDED[axis] / cells[axis]
                zoom = image[axis] / window[2 + axis]
                maps[0, axis, row, column] = window[axis] + pixel / zoom
    return maps


def sample(view, image, window):
    return dict(view=view, window=window, img_shape=image, pad_shape=PADDED)


@pytest.mark.parametrize('image', [(96, 128), (72, 88)])
@pytest.mark.parametrize('zoom', [1.0, 1.5, 2.0])
def test_places_agree_wherever_the_views_show_something(image, zoom):
    size = [round(side / zoom) for side in image]
    starts = [(0, 0), tuple(s - p for s, p in zip(image, size)), (3, 5)]
    windows = [
        (*(min(a, s - p) for a, s, p in zip(start, image, size)), *size)
        for start in starts
    ]
    first = [place_maps(PADDED, image, (0, 0, *image)) for _ in windows]
    second = [place_maps(PADDED, image, window) for window in windows]
    metas = [sample(0, image, (0, 0, *image)) for _ in windows]
    metas += [sample(1, image, window) for window in windows]
    pair = pair_views(torch.stack([*first, *second]), metas)
    assert pair.shown.any()
    assert bool(pair.shown.all()) == (image == PADDED)
    shown = pair.shown[:, None, None].expand_as(pair.first)
    gap = (pair.first - pair.second)[shown].abs()
    # Half a cell: at the very border samples stop at the centre of the last
    # one, and 1.5 does not divide the number of cells.
    assert gap.max() <= 4 + 1e-6
    inner = shown.clone()
    inner[..., [0, -1], :] = inner[..., [0, -1]] = False
    if zoom != 1.5:
        assert (pair.first - pair.second)[inner].abs().max() < 1e-4


def test_shares_stay_shares():
    torch.manual_seed(0)
    maps = torch.randn(4, 2, 7, 9, 12).softmax(2)
    metas = [sample(0, (96, 128), (0, 0, 96, 128))] * 2
    metas += [sample(1, (96, 128), (7, 11, 48, 64))] * 2
    pair = pair_views(maps, metas)
    for view in (pair.first, pair.second):
        torch.testing.assert_close(view.sum(2), torch.ones(2, 2, 4, 6))


def test_second_views_belong_to_the_first_images():
    torch.manual_seed(0)
    maps = torch.randn(5, 1, 2, 6, 8)
    metas = [sample(0, (96, 128), (0, 0, 96, 128))] * 3
    metas += [sample(1, (96, 128), (0, 0, 96, 128))] * 2
    pair = pair_views(maps, metas)
    assert torch.equal(pair.first, maps[:2])
    assert torch.equal(pair.second, maps[3:])


@pytest.mark.parametrize(
    'views', [[0], [0, 0], [0, 1, 0, 1], [0, 1, 1], [None, None]]
)
def test_what_is_no_pair_is_refused(views):
    metas = [sample(view, PADDED, (0, 0, *PADDED)) for view in views]
    with pytest.raises(ValueError, match='TwoViews'):
        pair_views(torch.rand(len(views), 1, 2, 4, 4), metas)
