"""Places of pixels, against a flood fill."""

import numpy as np

from mmproto.confusions.places import MOST_PLACES, find_places, largest_places


def flood(mask):
    """Groups of pixels that touch, by sides or corners."""
    left, groups = set(zip(*np.nonzero(mask))), []
    while left:
        stack, group = [left.pop()], set()
        while stack:
            y, x = stack.pop()
            group.add((y, x))
            near = {(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
            stack += near & left
            left -= near
        groups.append(group)
    return groups


def test_places_are_the_largest_groups():
    rng = np.random.default_rng(0)
    for share in (0.02, 0.2, 0.35, 0.9):
        mask = rng.random((23, 31)) < share
        pixels = np.flatnonzero(mask)
        places = find_places(pixels, mask.shape, 'image.png')
        groups = sorted(flood(mask), key=len, reverse=True)
        sizes = [len(group) for group in groups]
        assert [place.pixels for place in places] == sizes[:MOST_PLACES]
        for place in places:
            x0, y0, x1, y1 = place.box
            found = np.zeros_like(mask)
            found[y0:y1, x0:x1] = place.mask
            assert set(zip(*np.nonzero(found))) in groups
            assert place.mask.any(axis=0).all() or share < 0.9
            assert place.mask[[0, -1]].any(axis=1).all()
            assert place.mask[:, [0, -1]].any(axis=0).all()
            assert place.image == 'image.png'


def test_the_largest_are_kept_and_the_first_on_ties():
    known, size = [], (1, 40)
    lengths = (3, 5, 1, 5, 2, 9, 4, 4, 3, 1)
    for index, length in enumerate(lengths):
        found = find_places(np.arange(length), size, str(index))
        known = largest_places(known, found)
    assert [(p.pixels, p.image) for p in known] == [
        (9, '5'), (5, '1'), (5, '3'), (4, '6'), (4, '7'), (3, '0')
    ]  # fmt: skip
