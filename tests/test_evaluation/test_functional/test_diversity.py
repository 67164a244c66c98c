"""Overlap of maps, against ScaleProtoSeg's definition in loops."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmproto.evaluation.functional.concept_usage import compute_health
from mmproto.evaluation.functional.diversity import (
    concept_cosines,
    find_duplicates,
    intersection_over_union,
    map_overlap,
    measure_overlaps,
    off_diagonal,
    prototype_cosines,
    strongest_regions,
)
from mmproto.evaluation.functional.states import merge_states

CLASSES, CONCEPTS, THRESHOLD = 3, 7, 0.1


def draw(seed, images=4):
    """Smooth maps in [0, 1], weights, and the classes that images show."""
    generator = torch.Generator().manual_seed(seed)
    maps = torch.rand(images, CONCEPTS, 5, 7, generator=generator)
    weights = torch.rand(CLASSES, CONCEPTS, generator=generator)
    weights = weights * (weights > 0.4)
    weights[:, 0] = 0
    shown = torch.rand(images, CLASSES, generator=generator) > 0.4
    return maps, weights, shown


def regions(image, upsample):
    """Binary maps (K,h,w) as ScaleProtoSeg makes them, from (K,H,W)."""
    full = [upsample(map_.numpy()) for map_ in image]
    return full, [map_ > np.quantile(map_, 0.95) for map_ in full]


def bicubic(map_):
    return cv2.resize(map_, dsize=(33, 25), interpolation=cv2.INTER_CUBIC)


def same(map_):
    return map_


@pytest.mark.parametrize('upsample', [bicubic, same])
@pytest.mark.parametrize('seed', range(3))
def test_published_overlap_equals_its_definition(seed, upsample):
    maps, weights, shown = draw(seed)
    expected = np.zeros((CLASSES, 2))
    owner = [int(w.argmax()) if w.any() else None for w in weights.T]
    total = None
    for image, present in zip(maps, shown):
        full, binary = regions(image, upsample)
        for c in present.nonzero()[:, 0].tolist():
            own = [k for k in range(CONCEPTS) if owner[k] == c]
            for i, first in enumerate(own):
                for second in own[i + 1 :]:
                    expected[c] += (
                        (binary[first] & binary[second]).sum(),
                        (binary[first] | binary[second]).sum(),
                    )
        full = torch.from_numpy(np.stack(full))
        measured = measure_overlaps(full, weights, present, THRESHOLD)
        total = merge_states(total, measured)
    assert total.published.tolist() == expected.tolist()
    assert expected[:, 1].any()  # says something
    ratio = intersection_over_union(total.published.sum(dim=0))
    assert float(ratio) == expected[:, 0].sum() / expected[:, 1].sum()


@pytest.mark.parametrize('seed', range(3))
def test_corrected_overlap_equals_loops(seed):
    """All concepts of a class; only where they are active."""
    maps, weights, shown = draw(seed)
    maps[:, 3] *= 0.05  # never active
    expected, shared = np.zeros((CLASSES, 2)), np.zeros((CONCEPTS, CONCEPTS))
    total = None
    for image, present in zip(maps, shown):
        binary = [
            (m >= np.quantile(m, 0.95)) & (m > THRESHOLD)
            for m in image.numpy()
        ]
        for first in range(CONCEPTS):
            for second in range(CONCEPTS):
                both = (binary[first] & binary[second]).sum()
                shared[first, second] += both
                for c in range(CLASSES):
                    speak = (weights[c, [first, second]] > 0).all()
                    if present[c] and speak and first < second:
                        union = (binary[first] | binary[second]).sum()
                        expected[c] += both, union
        measured = measure_overlaps(image, weights, present, THRESHOLD)
        total = merge_states(total, measured)
    assert total.corrected.tolist() == expected.tolist()
    assert total.shared.tolist() == shared.tolist()
    overlap = map_overlap(total.shared)
    assert overlap.diagonal().tolist() == [1, 1, 1, 0, 1, 1, 1]
    union = shared[1, 1] + shared[2, 2] - shared[1, 2]
    assert float(overlap[1, 2]) == shared[1, 2] / union
    assert compute_health(total.usage, []).dead == [3]


@pytest.mark.parametrize('cells', [1, 2, 20, 21, 41, 100])
def test_regions_with_ties(cells):
    generator = torch.Generator().manual_seed(cells)
    maps = torch.randint(0, 9, (50, cells), generator=generator).double()
    maps[0] = 1.0  # constant
    maps[1] = 0.0
    bound = np.quantile(maps.numpy(), 0.95, axis=1)[:, None]
    published, active = strongest_regions(maps, 0.5)
    assert published.equal(maps > torch.as_tensor(bound))
    assert active.equal((maps >= torch.as_tensor(bound)) & (maps > 0.5))
    assert not published[0].any()
    assert active[0].all()
    assert not active[1].any()


def blobs(places, size=(8, 10)):
    """One 2x2 blob a concept; `None` is a dead one."""
    maps = torch.full((len(places), *size), 0.01)
    for k, place in enumerate(places):
        if place is not None:
            row, column = place
            maps[k, row : row + 2, column : column + 2] = 0.9
    return maps


def planted(places, images=3):
    total = None
    for _ in range(images):
        total = merge_states(
            total,
            measure_overlaps(
                blobs(places),
                torch.ones(1, len(places)),
                torch.ones(1) > 0,
                THRESHOLD,
            ),
        )
    return total


def test_duplicates_are_found_exactly():
    places = [(0, 0), (4, 4), (0, 0), (6, 1), (6, 1), None, None]
    total = planted(places)
    overlap = map_overlap(total.shared)
    # without vectors, the maps decide
    assert find_duplicates(overlap, None) == [(0, 2), (3, 4)]
    # 3 and 4 look at one place for different reasons; 0 and 1 have one
    # direction, but different maps
    vectors = torch.eye(7)
    vectors[2] = 3 * vectors[0] + 0.2 * vectors[1]
    vectors[1] = vectors[0]
    cosines = concept_cosines(prototype_cosines(vectors), 1)
    assert find_duplicates(overlap, cosines) == [(0, 2)]
    assert compute_health(total.usage, []).dead == [5, 6]


def test_distinct_concepts_overlap_less():
    distinct = planted([(0, 0), (2, 2), (4, 4), (6, 6)])
    crowded = planted([(0, 0), (0, 1), (1, 0), (1, 1)])
    alike = planted([(0, 0)] * 4)
    ratios = [
        float(intersection_over_union(total.corrected[0]))
        for total in (distinct, crowded, alike)
    ]
    assert ratios[0] == 0 < ratios[1] < ratios[2] == 1


def test_cosines_of_concepts_with_several_prototypes():
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(6, 4, generator=generator).double()
    vectors[5] = 0
    cosines = prototype_cosines(vectors)
    for first in range(3):
        for second in range(3):
            values = [
                float(F.cosine_similarity(vectors[p], vectors[q], dim=0))
                for p in (2 * first, 2 * first + 1)
                for q in (2 * second, 2 * second + 1)
            ]
            assert float(concept_cosines(cosines, 2)[first, second]) == (
                pytest.approx(max(values))
            )
    pairs = [float(cosines[p, q]) for p in range(6) for q in range(p + 1, 6)]
    assert off_diagonal(cosines) == (
        pytest.approx(np.mean(pairs)),
        max(pairs),
    )
    assert off_diagonal(cosines[:1, :1]) == off_diagonal(None) == (None, None)


def test_images_can_join_in_any_order():
    maps, weights, shown = draw(0)
    parts = [
        measure_overlaps(image, weights, present, THRESHOLD)
        for image, present in zip(maps, shown)
    ]
    one = merge_states(merge_states(parts[0], parts[1]), parts[2])
    other = merge_states(parts[1], merge_states(parts[2], parts[0]))
    for name in ('shared', 'published', 'corrected'):
        assert getattr(one, name).equal(getattr(other, name))
    for name in ('peak', 'images_seen', 'counts'):
        assert getattr(one.usage, name).equal(getattr(other.usage, name))
    torch.testing.assert_close(one.usage.total, other.usage.total)
