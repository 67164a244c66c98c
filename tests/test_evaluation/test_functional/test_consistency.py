"""Consistency: against the original numbers, and what it has to hold."""

from dataclasses import fields, replace
from functools import reduce

import pytest
import torch
from golden import golden
from part_cases import CELLS, PART_CLASSES, Scene, golden_images

from mmproto.evaluation.functional.consistency import (
    ConsistencyState,
    corrected_consistency,
    evalprotopnet_consistency,
    measure_consistency,
    reproseg_consistency,
    scaleprotoseg_consistency,
)
from mmproto.evaluation.functional.instance_hits import instance_hits
from mmproto.evaluation.functional.part_hits import (
    area_hits,
    owners,
    part_means,
)
from mmproto.evaluation.functional.part_targets import part_targets
from mmproto.evaluation.functional.states import merge_states

CAR = torch.tensor([-1, 0, 0, 0])  # body, window, wheel of one class


def scenes(seed, number=6):
    """Images of one model."""
    first = Scene(seed)
    for image in range(number):
        scene = Scene(seed * number + image)
        scene.weights = first.weights
        yield scene


def measured(images):
    """Sums over images."""
    return reduce(
        merge_states,
        (measure_consistency(i.maps, i.weights, i.targets) for i in images),
        ConsistencyState(),
    )


@golden('evalprotopnet_consistency')
def test_evalprotopnet_score(case):
    images = golden_images(case, 'activations')
    state = reduce(
        merge_states,
        (
            measure_consistency(maps, weights, targets, box)
            for (maps,), weights, targets, box in images
        ),
    )
    result = evalprotopnet_consistency(state, float(case['in_part_thresh']))
    assert result.evaluated.all()
    assert result.score * 100 == pytest.approx(float(case['out_score']))


@golden('reproseg_part_consistency')
def test_reproseg_score(case):
    parts = case['in_parts']
    num_parts = int(parts.max()) + 1
    state = ConsistencyState()
    for image, alpha in enumerate(case.input('alpha')):
        pixels = torch.stack(
            [(parts[image] == p).flatten().long() for p in range(num_parts)]
        )
        means = part_means(alpha.detach().flatten(1), pixels)
        seen = pixels.any(dim=1)
        seen[0] = False
        state = replace(
            state,
            alpha_sum=state.alpha_sum + means.nan_to_num().double(),
            alpha_seen=state.alpha_seen + seen,
        )
    average = (state.alpha_sum / state.alpha_seen)[:, 1:]
    torch.testing.assert_close(
        average,
        case['out_part_mean'][:, 1:],
        rtol=1e-6,
        atol=0,
        equal_nan=True,
    )
    result = reproseg_consistency(state, float(case['in_threshold']))
    assert (result.consistent == case['out_is_consistent']).all()
    assert result.score == pytest.approx(float(case['out_score']))


@pytest.mark.parametrize('seed', range(3))
def test_scaleprotoseg_rows(seed):
    """Rows of a concept and an image, as the original's table has them."""
    images = list(scenes(seed))
    result = scaleprotoseg_consistency(measured(images))
    owner = owners(images[0].weights)
    for k, c in enumerate(owner.tolist()):
        means = {}
        for part in (p for p in range(1, 6) if PART_CLASSES[p] == c):
            column = []
            for image in images:
                mask = (image.parts == part) & (image.labels == c)
                hits = area_hits(image.maps, owner, image.targets)
                column += [bool(hits[k, part])] * bool(mask.any())
            if column:
                means[part] = sum(column) / len(column)
        assert result.evaluated[k] == bool(means)
        if means:
            assert result.rate[k] == pytest.approx(max(means.values()))
            assert result.consistent[k] == (max(means.values()) > 0.8)


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('least', [0.5, 6.0])
def test_corrected_rate(seed, least):
    """Objects one by one."""
    images = list(scenes(seed))
    state = measured(images)
    result = corrected_consistency(state, PART_CLASSES, least)
    rows = []  # class, hits (K,), share of every part
    for image in images:
        targets = image.targets
        hits = instance_hits(image.maps, image.weights, targets)
        for row, thing in zip(hits.tolist(), targets.instances):
            parts = thing.parts.tolist()
            shares = [parts.count(p) / len(parts) for p in range(6)]
            rows.append((thing.class_index, row, shares))
    for k in range(7):
        gained = possible = 0.0
        for c in range(2):
            mine = [r for r in rows if r[0] == c and r[1][k] >= 0]
            assert state.active[k, c] == len(mine)
            rates = []
            for part in (p for p in range(6) if PART_CLASSES[p] == c):
                hits = sum(r[1][k] == part for r in mine)
                chance = sum(r[2][part] for r in mine)
                room = len(mine) - chance
                beyond = hits - chance
                rates.append((mine and beyond / room, beyond, room))
            if mine and max(rates)[2] >= least:
                gained += max(rates)[1]
                possible += max(rates)[2]
        assert result.evaluated[k] == (possible > 0)
        assert float(result.rate[k]) == pytest.approx(
            gained / possible if possible else 0
        )
    spoken = [(images[0].weights[c] > 0).long() for c, _, _ in rows]
    assert (state.objects == sum(spoken)).all()


def planted(seed, number=40):
    """Cars of 30 cells; concepts: wheel, body, the car, places, noise."""
    g = torch.Generator().manual_seed(seed)
    parts = torch.zeros(12, 20, dtype=torch.int64)
    car = parts[3:8, 5:11]
    car[:], car[0, 1:5], car[4, 1::3] = 1, 2, 3
    instances = (parts > 0).long()
    labels = torch.where(parts > 0, 0, 255)
    targets = part_targets(
        parts, instances, labels, CAR, 1, torch.arange(12), torch.arange(20)
    )
    places = (parts > 0).flatten().nonzero()[:, 0]
    state = ConsistencyState()
    for _ in range(number):
        noise = torch.rand(12, 20, generator=g)
        place = torch.zeros(12, 20)
        index = torch.randint(0, len(places), (1,), generator=g)
        place.view(-1)[places[index]] = 1
        maps = torch.stack([parts == 3, parts == 1, parts > 0, place, noise])
        state = merge_states(
            state, measure_consistency(maps, torch.ones(1, 5), targets)
        )
    return state


def test_parts_are_consistent_and_classes_and_noise_are_not():
    result = corrected_consistency(planted(0), CAR, 3)
    assert result.consistent.tolist() == [True, True, False, False, False]
    assert result.part.tolist()[:2] == [3, 1]
    assert result.rate[:2].tolist() == [1, 1]
    assert result.part[2] == result.part[4] == 0
    assert result.score == pytest.approx(0.4)


def test_what_the_published_definitions_say_of_a_class_concept():
    """The reason for a correction: a whole car is consistent by these."""
    state = planted(0)
    for rule in (scaleprotoseg_consistency, reproseg_consistency):
        assert rule(state).consistent[2]


def test_too_few_objects_are_not_evaluated():
    result = corrected_consistency(planted(0, number=3), CAR, 3)
    assert not result.evaluated.any()
    assert result.score is None
    assert result.part.tolist() == [0] * 5


def test_an_exact_share_counts_once():
    """EvalProtoPNet takes 80 %, ScaleProtoSeg only more."""
    four, five = torch.tensor([[0, 4]]), torch.tensor([[0, 5]])
    state = ConsistencyState(
        box_hits=four,
        box_seen=five,
        box_images=five[:, 1],
        area_hits=four,
        area_seen=five,
    )
    assert evalprotopnet_consistency(state).score == 1
    assert scaleprotoseg_consistency(state).score == 0


def test_luck_is_rarely_taken_for_consistency():
    """Random places hit the body of a car, which is most of it, by luck."""
    judged = [
        corrected_consistency(planted(seed, number=16), CAR, 3)
        for seed in range(20)
    ]
    assert all(result.evaluated[3] for result in judged)
    assert sum(bool(result.consistent[3]) for result in judged) <= 3


def test_the_order_of_images_does_not_matter():
    images = list(scenes(1, number=4))
    first, second = measured(images), measured(images[::-1])
    for item in fields(first):
        torch.testing.assert_close(
            getattr(first, item.name), getattr(second, item.name)
        )


def test_concepts_without_weight_or_parts_are_not_evaluated():
    scene = Scene(2)
    scene.weights[:] = 0
    scene.weights[2, 1] = 1  # class 2 is shown, but has no parts
    scene.weights[0, 2] = 1
    scene.maps[:] = torch.rand(7, *CELLS)
    state = measured([scene])
    only = [k == 2 for k in range(7)]
    assert evalprotopnet_consistency(state).evaluated.tolist() == only
    assert scaleprotoseg_consistency(state).evaluated.tolist() == only
    corrected = corrected_consistency(state, PART_CLASSES, 0.5)
    assert corrected.evaluated.tolist() == only
    assert (state.object_hits[:, 0] == 0).all()  # hitting none is no hit
    assert reproseg_consistency(state).evaluated.all()


def test_images_of_other_classes_do_not_count():
    scene = Scene(2)
    scene.weights[:] = 0
    scene.weights[0, 1] = scene.weights[1, 2] = 1
    gone = (scene.labels == 1) | (PART_CLASSES[scene.parts] == 1)
    scene.parts[gone], scene.labels[gone] = 0, 255
    state = measured([scene])
    assert state.box_images.tolist() == [k == 1 for k in range(7)]
    assert evalprotopnet_consistency(state).evaluated.sum() == 1
