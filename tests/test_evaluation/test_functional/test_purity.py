"""Purity: PIP-Net's own counts, loops over patches and planted patches."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from golden import golden

from mmproto.evaluation.functional.patch_parts import parts_hit
from mmproto.evaluation.functional.purity import (
    best_places,
    class_purity,
    count_values,
    mean_and_deviation,
    merge_patches,
    part_purity,
    published_purity,
)


def box_in_image(box, size, side, width, height):
    """PIP-Net's patch: cut around its centre, scaled to the image."""
    edges = []
    for low, high, length in zip(box[::2], box[1::2], (height, width)):
        cut = max(int(high - low) - size, 0) // 2
        edges.append(
            [(int(e) * length) / side for e in (low + cut, high - cut)]
        )
    return np.array(edges).T  # low and high, each row and column


def twins(names):
    """Parts of the left side and of the right, numbered from 1."""
    return [
        (left, 1 + names.index(name.replace('left', 'right')))
        for left, name in enumerate(names, 1)
        if 'left' in name
    ]


@golden('pipnet_purity')
def test_published_counts_of_pipnet(case):
    names = case.arrays['in_part_names'].tolist()
    side, size = int(case['in_image_size']), int(case['in_patch_size'])
    prototypes = case['out_prototypes'].tolist()
    shape = (len(prototypes), len(case['in_csv_image']), 16)
    visible = torch.zeros(shape, dtype=torch.bool)
    hits = torch.zeros(shape, dtype=torch.bool)
    rows = zip(
        *(case['in_csv_' + n].tolist() for n in ('prototype', 'image', 'box'))
    )
    for row, (prototype, image, box) in enumerate(rows):
        k = prototypes.index(prototype)
        low, high = box_in_image(
            box, size, side, *case['in_image_wh'][image].tolist()
        )
        points = case['in_part_xy'][image].flip(1)  # row, column
        hits[k, row] = parts_hit(
            points,
            torch.arange(1, 16),
            torch.tensor(low)[None],
            torch.tensor(high)[None],
            15,
        )
        visible[k, row, 1:] = case['in_part_visible'][image] > 0
    found = published_purity(visible, hits, twins(names))
    assert found.visible[:, 1:].equal(case['out_part_visible_count'])
    assert found.hits[:, 1:].equal(case['out_part_hit_count'])
    known = case['out_part_most_often'] >= 0  # without hits, no meaning
    for values, name in (
        (found.purity, 'purity'),
        (found.most_often, 'purity_most_often'),
    ):
        torch.testing.assert_close(values, case['out_' + name])
        mean, std = mean_and_deviation(values, torch.ones(len(known)) > 0)
        assert mean == pytest.approx(float(case[f'out_mean_{name}']))
        assert std == pytest.approx(float(case[f'out_std_{name}']))
    assert (found.part - 1)[known].equal(case['out_purity_part'][known])
    assert (found.most_often_part - 1)[known].equal(
        case['out_part_most_often'][known]
    )
    assert int((found.purity > 0.5).sum()) == int(case['out_num_part_related'])


def draw_image(index, concepts=5, cells=12):
    """Activations with many ties."""
    generator = torch.Generator().manual_seed(index)
    values = torch.randint(
        0, 4, (concepts, 3, cells // 3), generator=generator
    )
    return values.float()


def patches(index):
    """The patches of one image; `place` is a payload, `pair` a wide one."""
    score, cell = best_places(draw_image(index))
    return dict(
        score=score[:, None],
        image=torch.full((len(score), 1), index),
        place=cell[:, None],
        pair=torch.stack([cell, -cell], dim=1)[:, None],
    )


def join(images, topk):
    total = patches(images[0])
    for index in images[1:]:
        total = merge_patches(total, patches(index), topk)
    return total


@pytest.mark.parametrize('topk', [1, 3, 20])
def test_topk_is_the_same_for_any_order_of_images(topk):
    everything = [
        [
            (-float(value), index, cell)
            for index in range(9)
            for cell, value in enumerate(draw_image(index)[k].flatten())
        ]
        for k in range(5)
    ]
    expected = []
    for places in everything:
        best = {}
        for place in sorted(places):
            best.setdefault(place[1], place)  # one an image
        expected.append(sorted(best.values())[:topk])
    whole = join(range(9), topk)
    for shares in (
        ([5, 2, 8, 0, 1], [4, 7, 3, 6]),
        ([8], [7, 6, 5, 4, 3, 2, 1, 0]),
    ):
        ranks = merge_patches(*(join(share, topk) for share in shares), topk)
        for name, values in whole.items():
            assert values.equal(ranks[name]), name
    for k, rows in enumerate(expected):
        assert whole['score'][k].tolist() == [-row[0] for row in rows]
        assert whole['image'][k].tolist() == [row[1] for row in rows]
        assert whole['place'][k].tolist() == [row[2] for row in rows]
        assert whole['pair'][k, :, 0].tolist() == [row[2] for row in rows]


def test_activations_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match='diverged'):
        best_places(torch.tensor([[[0.0, torch.nan]]]))


def test_part_purity_counts_every_patch():
    parts = torch.tensor(
        [
            [2, 2, 2, 1],  # 3 of 4
            [0, 0, 0, 1],  # the background is no part: 1 of 4
            [3, 1, -1, -1],  # unlabelled images do not count; lowest part
            [0, 0, 0, 0],
            [-1, -1, -1, -1],
        ]
    )
    share, part = part_purity(parts, num_parts=3)
    assert share[:4].tolist() == [0.75, 0.25, 0.5, 0.0]
    assert share[4].isnan()
    assert part.tolist() == [2, 1, 1, -1, -1]


def test_rarely_visible_parts_gain_nothing():
    """Visible in one of ten images and hit there: 1 published, 0.1 not."""
    visible = torch.zeros(1, 10, 3, dtype=torch.bool)
    visible[0, :, 1] = visible[0, 4, 2] = True
    hits = torch.zeros_like(visible)
    hits[0, 4, 2] = True
    assert published_purity(visible, hits).purity.tolist() == [1.0]
    under = torch.zeros(1, 10, dtype=torch.int64)
    under[0, 4] = 2
    assert part_purity(under, 2)[0].tolist() == pytest.approx([0.1])


def test_class_purity_equals_its_definition():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (6, 10), generator=generator)
    labels[labels == 3] = 255  # void
    labels[4], labels[5] = 2, 255
    labels[3, 1:] = 255
    counts = count_values(labels, 3)
    purity, entropy, normalised = class_purity(counts)
    for k, row in enumerate(labels.tolist()):
        seen = Counter(label for label in row if label < 3)
        total = sum(seen.values())
        assert counts[k].tolist() == [seen[c] for c in range(3)]
        if not total:
            assert purity[k].isnan() and entropy[k].isnan()
            continue
        shares = [n / total for n in seen.values()]
        nats = -sum(share * math.log(share) for share in shares)
        largest = math.log(min(total, 3))
        assert float(purity[k]) == max(shares)
        assert float(entropy[k]) == pytest.approx(nats, abs=1e-12)
        assert float(normalised[k]) == pytest.approx(
            nats / largest if largest else 0
        )
    assert (purity[4], entropy[4]) == (1, 0)


def test_spread_leaves_out_what_is_unknown():
    values = torch.tensor([1.0, torch.nan, 0.0, 9.0])
    chosen = torch.tensor([True, True, True, False])
    assert mean_and_deviation(values, chosen) == (0.5, 0.5)
    assert mean_and_deviation(values, ~chosen & False) is None


def test_ties_of_the_published_rule():
    """Equal purity: more hits; equal hits: the part that is met first."""
    visible = torch.zeros(2, 3, 4, dtype=torch.bool)
    visible[0, 0, 1] = visible[0, 1:, 2] = True
    visible[1, 0, 3] = visible[1, 1:, 1] = True
    hits = visible.clone()
    hits[1, 2, 1] = False
    found = published_purity(visible, hits)
    assert found.part.tolist() == [2, 3]
    assert found.most_often_part.tolist() == [2, 3]
    assert found.purity.tolist() == found.most_often.tolist() == [1, 1]


def test_a_part_known_by_its_twin_alone_is_met_after_the_others():
    visible = torch.zeros(2, 2, 5, dtype=torch.bool)
    visible[:, 0, 1] = visible[:, 0, 4] = True  # left wing, tail
    visible[1, 0, 2] = True  # right wing
    found = published_purity(visible, visible, [(1, 2)])
    assert found.part.tolist() == found.most_often_part.tolist() == [4, 2]
    assert found.hits.tolist() == [[0, 0, 1, 0, 1]] * 2
