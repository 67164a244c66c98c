"""Functions named after an original, for any of its arguments.

Each original is written down here once more, slowly, from the description in
the README of the golden files.
"""

from functools import reduce

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from part_cases import point_targets

from mmproto.evaluation.functional.consistency import (
    evalprotopnet_consistency,
    measure_consistency,
)
from mmproto.evaluation.functional.explanation_size import (
    image_sizes,
    pipnet_global,
)
from mmproto.evaluation.functional.part_hits import alpha, part_means
from mmproto.evaluation.functional.purity import published_purity
from mmproto.evaluation.functional.stability import (
    measure_stability,
    stability_shares,
)
from mmproto.evaluation.functional.states import merge_states

few = settings(max_examples=25, deadline=None)


def numbers(low, high):
    return st.integers(low, high)


rngs = numbers(0, 2**32 - 1).map(np.random.default_rng)


def cubic(source, target):
    """Weights (target,source) of cubic convolution with a = -0.75."""
    weights = np.zeros((target, source))
    for row in range(target):
        place = (row + 0.5) * source / target - 0.5
        for near in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
            d = abs(place - near)
            if d <= 1:
                weight = 1.25 * d**3 - 2.25 * d**2 + 1
            else:
                weight = -0.75 * (d**3 - 5 * d**2 + 8 * d - 4)
            weights[row, min(max(near, 0), source - 1)] += weight
    return weights


def window_hits(maps, points, visible, size, half):
    """Set of the visible parts in the window around the peak of a map."""
    rows, columns = maps.shape
    full = cubic(rows, size) @ maps @ cubic(columns, size).T
    y, x = np.unravel_index(full.argmax(), full.shape)
    return {
        part
        for part, (py, px) in enumerate(points)
        if visible[part]
        and max(0, y - half) <= py <= min(size, y + half)
        and max(0, x - half) <= px <= min(size, x + half)
    }


class Birds:
    """Images of several classes, each of the same number of parts."""

    def __init__(self, rng, classes, per_class, parts, more, size, half):
        self.classes, self.per_class = classes, per_class
        self.size, self.half = size, half
        self.labels = rng.permutation(
            [*range(classes), *rng.integers(0, classes, more)]
        )
        images = len(self.labels)
        cells = rng.integers(2, 6, 2)
        self.maps = rng.normal(size=(images, classes * per_class, *cells))
        self.noisy = np.where(
            rng.random(images)[:, None, None, None] < 0.5,
            self.maps,
            rng.normal(size=self.maps.shape),
        )
        # outside of the image, too
        self.points = rng.integers(-3, size + 4, (images, parts, 2))
        self.visible = rng.random((images, parts)) < 0.7

    def hits(self, maps):
        """For each prototype, its images, and their hits as sets."""
        for p in range(maps.shape[1]):
            own = np.flatnonzero(self.labels == p // self.per_class)
            yield (
                own,
                [
                    window_hits(
                        *(maps[i, p], self.points[i], self.visible[i]),
                        *(self.size, self.half),
                    )
                    for i in own
                ],
            )

    def states(self, measure, *maps):
        """State of every image, by our function."""
        weights = torch.eye(self.classes).repeat_interleave(self.per_class, 1)
        for i, label in enumerate(self.labels.tolist()):
            targets = point_targets(
                (self.size, self.size),
                torch.from_numpy(self.points[i]),
                torch.from_numpy(self.visible[i]).long(),
                label,
                self.classes,
                self.maps[i, 0].size,
            )
            yield measure(
                *(torch.from_numpy(each[i]) for each in maps),
                weights.double(),
                targets,
                self.half / self.size,
            )


birds = st.builds(
    Birds,
    rng=rngs,
    classes=numbers(1, 3),
    per_class=numbers(1, 3),
    parts=numbers(1, 6),
    more=numbers(0, 4),
    size=numbers(6, 40),
    half=numbers(0, 20),
)


@few
@given(birds, st.sampled_from([0.25, 0.5, 2 / 3, 0.8, 1.0]))
def test_consistency_of_evalprotopnet(images, thresh):
    consistent = []
    for own, hits in images.hits(images.maps):
        shares = [
            sum(part in hit for hit in hits) / images.visible[own, part].sum()
            for part in range(images.visible.shape[1])
            if images.visible[own, part].any()
        ]
        consistent.append(max(shares, default=0) >= thresh)
    state = reduce(
        merge_states, images.states(measure_consistency, images.maps)
    )
    found = evalprotopnet_consistency(state, thresh)
    assert found.evaluated.all()
    assert found.consistent.tolist() == consistent
    assert found.score == pytest.approx(np.mean(consistent))


@few
@given(birds)
def test_stability_of_evalprotopnet(images):
    kept = [
        np.mean([before == after for before, after in zip(first, second)])
        for (_, first), (_, second) in zip(
            images.hits(images.maps), images.hits(images.noisy)
        )
    ]
    state = reduce(
        merge_states,
        images.states(measure_stability, images.maps, images.noisy),
    )
    shares = state.box_same / state.box_images
    assert shares.tolist() == pytest.approx(kept)
    found = stability_shares(state)['stability_evalprotopnet']
    assert found == pytest.approx(np.mean(kept))


def slow_purity(visible, hits, twins):
    """Purest part, and the one hit most often, of one prototype's rows.

    Returns:
        Twice a part and its purity; the part is -1 if nothing is hit.
    """
    left_of = {right: left for left, right in twins}
    found = {}  # in the order in which parts are met
    for shown, hit in zip(visible, hits):
        names = [
            p
            for p in np.flatnonzero(shown).tolist()
            if p not in left_of.values()
        ]
        for left, right in twins:
            if shown[left] and not shown[right]:
                names.append(right)
        for part in names:
            sides = [part, left_of.get(part, part)]
            seen = any(hit[side] and shown[side] for side in sides)
            found.setdefault(part, []).append(seen)
    hit = {part: rows for part, rows in found.items() if any(rows)}
    if not hit:
        return (-1, 0), (-1, 0)

    # max takes the first of equal ones
    purest = max(hit, key=lambda p: (np.mean(hit[p]), sum(hit[p])))
    often = max(hit, key=lambda p: sum(hit[p]))
    return (purest, np.mean(hit[purest])), (often, np.mean(hit[often]))


@few
@given(rngs, numbers(1, 5), numbers(1, 7), numbers(4, 9), numbers(0, 2))
def test_purity_of_pipnet(rng, prototypes, most, parts, pairs):
    # rows of a prototype that the file does not have show no part
    rows = np.arange(most) < rng.integers(0, most + 1, prototypes)[:, None]
    shape = (prototypes, most, parts + 1)
    visible = (rng.random(shape) < rng.random()) & rows[..., None]
    hits = rng.random(shape) < rng.random()
    visible[..., 0] = hits[..., 0] = False
    sides = (1 + rng.permutation(parts)[: 2 * pairs]).reshape(-1, 2)
    twins = [(int(a), int(b)) for a, b in sides]
    found = published_purity(
        torch.from_numpy(visible), torch.from_numpy(hits), twins
    )
    for k in range(prototypes):
        purest, often = slow_purity(visible[k], hits[k], twins)
        assert (found.part[k], found.purity[k]) == purest
        assert (found.most_often_part[k], found.most_often[k]) == often


def slow_sparsity(scores, weights, bias, size):
    """Numbers of PIP-Net's evaluation, image by image and pair by pair."""
    total = dict(abstained=0, present=0, predicted=0, pairs=0)
    classes, concepts = weights.shape
    for start in range(0, len(scores), size):
        weights = np.maximum(weights - 1e-3, 0)  # PIP-Net changes the model
        batch = scores[start : start + size]
        batch = np.where(batch < 0.1, 0, batch)
        for image in batch:
            out = [image @ weights[c] + bias[c] for c in range(classes)]
            best = int(np.argmax(out))
            total['abstained'] += out[best] == 0
            total['present'] += sum(p > 1e-3 for p in image)
            total['predicted'] += sum(image * weights[best] > 1e-3)
        for c in range(classes):
            for d in range(concepts):
                rest = sum(
                    max(p * weights[c, d] - 1e-3, 0) for p in batch[:, d]
                )
                total['pairs'] += rest > 0
    return total, weights


@few
@given(
    *(rngs, numbers(1, 9), numbers(1, 5), numbers(1, 8), numbers(1, 4)),
    st.booleans(),
)
def test_relevant_sparsity_of_pipnet(
    rng, images, classes, concepts, size, biased
):
    scores = rng.random((images, concepts)) ** 3
    weights = rng.normal(size=(classes, concepts)) * 10.0 ** rng.integers(
        -4, 1, (classes, concepts)
    )
    bias = rng.normal(size=classes) * biased
    expected, after = slow_sparsity(scores, weights, bias, size)
    ours = torch.from_numpy(weights)
    total = None
    for batch in torch.from_numpy(scores).split(size):
        ours = (ours - 1e-3).clamp(min=0)
        part = image_sizes(
            batch, ours, torch.from_numpy(bias) if biased else None
        )
        total = merge_states(total, part)
    found = vars(total)
    assert found['images'] == images
    assert {name: found[name] for name in expected} == expected
    used, sparsity = pipnet_global(ours)
    assert used == sum(any(column > 1e-3) for column in after.T)
    assert sparsity == pytest.approx(1 - np.mean(after > 1e-3))


@few
@given(rngs, numbers(1, 4), numbers(1, 6), numbers(1, 6), numbers(1, 5))
def test_alpha_and_means_of_reproseg(rng, concepts, height, width, parts):
    maps = rng.integers(0, 4, (concepts, height, width)) / 4  # with ties
    labels = rng.integers(0, parts + 1, (height, width))
    pixels = np.stack([labels == p for p in range(parts + 1)])
    flat = torch.from_numpy(maps).flatten(1)
    cut = alpha(flat, torch.ones(height * width))
    means = part_means(cut, torch.from_numpy(pixels).flatten(1).long())
    for k, values in enumerate(maps):
        kept = np.where(values < values.mean(), 0, values)
        kept = kept / kept.max() if kept.any() else kept
        assert cut[k].tolist() == pytest.approx(kept.ravel().tolist())
        for part in range(1, parts + 1):
            if pixels[part].any():
                mean = kept[labels == part].mean()
                assert float(means[k, part]) == pytest.approx(mean)
            else:
                assert means[k, part].isnan()
