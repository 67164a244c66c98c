"""Drawing cells fairly, the same ones however the images come."""

import random
from collections import Counter

import pytest
import torch

from mmproto.prototypes.sampling import (
    LatentSample,
    Reservoir,
    cell_keys,
    drop_mixed,
    first_of_classes,
    image_drawn,
)


def image(name, labels, impurity=None, seed=0):
    """Make all cells of an image; the latent of a cell identifies it."""
    labels = torch.tensor(labels)
    draw, keep = cell_keys(name, len(labels), seed)
    number = float(name.strip('i'))
    place = torch.arange(len(labels)).float()
    latents = torch.stack([torch.full_like(place, number), place], dim=1)
    impurity = torch.tensor(impurity or [0.0] * len(labels))
    return LatentSample(latents[:, None], labels, impurity, keep), draw


def kept(images, per_image, per_class):
    reservoir = Reservoir(per_image, per_class)
    for cells, draw in images:
        reservoir.add(cells, draw)
    return reservoir.gather()


def kept_by_hand(images, per_image, per_class):
    """Sort the cells of every image, then those of all images."""
    drawn = {}
    for cells, draw in images:
        for label in set(cells.labels.tolist()):
            own = [i for i in range(len(cells)) if cells.labels[i] == label]
            own.sort(key=lambda i: (cells.impurity[i], int(draw[i])))
            for i in own[:per_image]:
                place = tuple(cells.latents[i, 0].tolist())
                row = (float(cells.impurity[i]), int(cells.keys[i]), place)
                drawn.setdefault(label, set()).add(row)
    return [
        (label, *row)
        for label, rows in sorted(drawn.items())
        for row in sorted(rows)[:per_class]
    ]


def as_rows(sample):
    return [
        (int(label), float(impure), int(key), tuple(latent[0].tolist()))
        for label, impure, key, latent in zip(
            sample.labels, sample.impurity, sample.keys, sample.latents
        )
    ]


@pytest.fixture
def images():
    source = random.Random(0)
    made = []
    for number in range(12):
        cells = source.randrange(5, 40)
        labels = source.choices((0, 1, 3), (8, 3, 1), k=cells)
        impurity = source.choices((0.0, 0.25, 0.5), k=cells)
        made.append(image(f'i{number}', labels, impurity))
    return made


@pytest.mark.parametrize('per_image, per_class', [(4, 10), (3, 2), (99, 999)])
def test_equals_sorting_everything(images, per_image, per_class):
    expected = kept_by_hand(images, per_image, per_class)
    assert as_rows(kept(images, per_image, per_class)) == expected


def test_order_and_repetition_of_images_do_not_matter(images):
    expected = as_rows(kept(images, 4, 10))
    turned = [*images[::-1], images[0], images[3]]
    assert as_rows(kept(turned, 4, 10)) == expected


def test_never_holds_more_than_promised(images):
    reservoir = Reservoir(per_image=5, per_class=6)
    for _ in range(5):
        for number in range(12):
            reservoir.add(*images[number])
            held = sum(len(part) for part in reservoir._parts)
            assert held <= 3 * 6 + 6  # kept of three classes, and waiting
    assert len(reservoir.gather()) <= 3 * 6


def test_every_drawn_cell_has_the_same_chance():
    """Over seeds: no image and no place is preferred."""
    counts = Counter()
    rounds, per_class = 600, 6
    for seed in range(rounds):
        images = [
            image('i0', [0] * 4, seed=seed),
            image('i1', [0] * 40, seed=seed),  # ten times as many cells
        ]
        for *_, place in as_rows(kept(images, 4, per_class=per_class)):
            counts[place] += 1
    first = sum(n for (number, _), n in counts.items() if number == 0)
    # four were drawn of each image: each gives half of what is kept
    assert first == pytest.approx(rounds * per_class / 2, rel=0.05)
    places = [counts[1.0, float(i)] for i in range(40)]
    expected = rounds * per_class / 2 / 40
    chi_square = sum((n - expected) ** 2 / expected for n in places)
    assert chi_square < 80  # 39 degrees of freedom; 99.99 % are below


def test_keys_follow_from_seed_image_and_place():
    first = torch.stack(cell_keys('a.png', 10, 0))
    assert torch.equal(first, torch.stack(cell_keys('a.png', 10, 0)))
    assert first.min() >= 0
    others = [cell_keys('b.png', 10, 0), cell_keys('a.png', 10, 1)]
    every = torch.cat([first, *(torch.stack(keys) for keys in others)])
    assert every.unique().numel() == 60


def test_pure_cells_come_first():
    labels = torch.tensor([0, 0, 0, 1])
    impurity = torch.tensor([0.4, 0.0, 0.2, 0.9])
    chosen = first_of_classes(labels, impurity, torch.arange(4), 2)
    assert chosen.tolist() == [1, 2, 3]


def test_mixed_cells_are_for_classes_that_have_too_few_others():
    # class 0: 30 pure cells, 5 mixed ones; class 1: 4 and 36
    labels = torch.tensor([0] * 35 + [1] * 40)
    impurity = torch.zeros(75)
    impurity[30:35] = torch.linspace(0.2, 0.6, 5)
    impurity[39:] = torch.linspace(0.2, 0.9, 36)
    place = torch.arange(75)
    cells = LatentSample(place[:, None, None], labels, impurity, place)
    left = drop_mixed(cells, torch.tensor([20, 20]))
    assert left.keys.tolist() == [*range(30), *range(35, 55)]
    left = drop_mixed(cells, torch.tensor([40, 0]))
    assert left.keys.tolist() == [*range(35), *range(35, 39)]


def test_a_share_of_the_images_is_drawn():
    names = [f'{number}.png' for number in range(2000)]
    drawn = {
        share: {name for name in names if image_drawn(name, share, seed=0)}
        for share in (0.25, 0.5, 1.0)
    }
    assert drawn[0.25] < drawn[0.5] < drawn[1.0] == set(names)
    # four standard deviations of a fair draw
    assert len(drawn[0.25]) == pytest.approx(500, abs=78)
    assert {n for n in names if image_drawn(n, 0.25, 1)} != drawn[0.25]
