"""Stability: against the original numbers, and what it has to hold."""

from dataclasses import fields
from functools import reduce

import pytest
import torch
from golden import golden
from part_cases import CELLS, PART_CLASSES, Scene, golden_images

from mmproto.evaluation.functional.instance_hits import instance_hits
from mmproto.evaluation.functional.part_hits import area_hits, owners
from mmproto.evaluation.functional.stability import (
    StabilityState,
    clipped_noise,
    measure_stability,
    stability_shares,
)
from mmproto.evaluation.functional.states import merge_states


def pairs(seed, number=5, blob=3):
    """Scenes of one model with maps that noise has changed a little."""
    g = torch.Generator().manual_seed(seed)
    for image in range(number):
        scene = Scene(seed * number + image, blob)
        scene.weights = Scene(seed).weights
        changed = torch.rand(7, *CELLS, generator=g) < 0.3
        other = torch.rand(7, *CELLS, generator=g)
        other[other < 0.5] = 0
        yield scene, torch.where(changed, other, scene.maps)


def measured(images):
    """Sums over images."""
    return reduce(
        merge_states,
        (
            measure_stability(s.maps, n, s.weights, s.targets)
            for s, n in images
        ),
        StabilityState(),
    )


@golden('evalprotopnet_stability')
def test_evalprotopnet_score(case):
    images = golden_images(case, 'activations', 'activations_noise')
    state = reduce(
        merge_states,
        (
            measure_stability(maps, noisy, weights, targets, box)
            for (maps, noisy), weights, targets, box in images
        ),
    )
    torch.testing.assert_close(
        state.box_same.double() / state.box_images,
        case['out_stability_per_prototype'].double(),
        rtol=1e-6,
        atol=0,
    )
    score = stability_shares(state)['stability_evalprotopnet'] * 100
    assert score == pytest.approx(float(case['out_score']), rel=1e-6)


@pytest.mark.parametrize('seed', range(3))
def test_scaleprotoseg_rows(seed):
    """One row for each concept and image whose class shows a part."""
    rows = []
    images = list(pairs(seed, blob=9))  # few components: hits can change
    for scene, noisy in images:
        owner, targets = owners(scene.weights), scene.targets
        before = area_hits(scene.maps, owner, targets)
        after = area_hits(noisy, owner, targets)
        for k, c in enumerate(owner.tolist()):
            in_class = (PART_CLASSES[scene.parts] == c) & (scene.labels == c)
            if c >= 0 and in_class.any():
                rows.append(bool((before[k] == after[k]).all()))
    assert 0 < sum(rows) < len(rows)
    found = stability_shares(measured(images))['stability_scaleprotoseg']
    assert found == pytest.approx(sum(rows) / len(rows))


@pytest.mark.parametrize('seed', range(3))
def test_only_what_was_hit_counts(seed):
    images = list(pairs(seed))
    kept = {k: [] for k in range(7)}
    for scene, noisy in images:
        targets = scene.targets
        before = instance_hits(scene.maps, scene.weights, targets).tolist()
        after = instance_hits(noisy, scene.weights, targets).tolist()
        for first, second in zip(before, after):
            for k in range(7):
                if first[k] > 0:
                    kept[k].append(first[k] == second[k])
    shares = [sum(v) / len(v) for v in kept.values() if v]
    assert 0 < sum(shares) < len(shares)
    found = stability_shares(measured(images))['stability_corrected']
    assert found == pytest.approx(sum(shares) / len(shares))


def test_a_concept_that_never_hits_is_not_stable():
    """It is by the original definition."""
    scene = Scene(0)
    scene.maps[:] = 1  # the whole of every object
    scene.weights[:] = 0
    scene.weights[0] = 1
    targets = scene.targets
    state = measure_stability(
        scene.maps, scene.maps * 2, scene.weights, targets
    )
    assert stability_shares(state)['stability_evalprotopnet'] == 1
    assert stability_shares(state)['stability_corrected'] is None


def test_what_is_averaged():
    """Concepts count the same, but ScaleProtoSeg counts every pair."""
    same, total = torch.tensor([1, 3, 0]), torch.tensor([1, 6, 0])
    state = StabilityState(
        change=torch.zeros(3),
        box_same=same,
        box_images=total,
        area_same=same,
        area_images=total,
        object_same=same,
        object_hits=total,
    )
    found = stability_shares(state)
    assert found['stability_evalprotopnet'] == 0.75
    assert stability_shares(state)['stability_scaleprotoseg'] == pytest.approx(
        4 / 7
    )
    assert found['stability_corrected'] == 0.75


def test_without_noise_all_is_stable():
    state = measured([(Scene(s), Scene(s).maps) for s in range(3)])
    found = stability_shares(state)
    assert found.pop('activation_change') == 0
    assert len(found) == 4 and set(found.values()) == {1}


def test_numbers_without_parts():
    maps = torch.tensor([[[3.0, 1.0]], [[2.0, 2.0]]])
    noisy = torch.tensor([[[3.5, 5.0]], [[2.0, 2.0]]])
    state = measure_stability(maps, noisy, torch.ones(1, 2), None)
    assert stability_shares(state) == dict(
        stability_evalprotopnet=None,
        stability_scaleprotoseg=None,
        stability_corrected=None,
        most_active_kept=0.5,
        activation_change=pytest.approx(4.5 / 4),
    )
    nothing = stability_shares(StabilityState())
    assert nothing['most_active_kept'] is None


def test_the_order_of_images_does_not_matter():
    images = list(pairs(1))
    first, second = measured(images), measured(images[::-1])
    for item in fields(first):
        torch.testing.assert_close(
            getattr(first, item.name), getattr(second, item.name)
        )


def test_noise_depends_on_the_image_only():
    image = torch.rand(1, 3, 40, 50)
    noise = clipped_noise(7)(image) - image
    torch.manual_seed(3)
    assert (clipped_noise(7)(image) - image == noise).all()
    assert (clipped_noise(8)(image) - image != noise).any()
    assert noise.abs().max() == pytest.approx(0.25, abs=1e-6)
    cut = (noise.abs() > 0.2499).float().mean()
    assert float(cut) == pytest.approx(0.211, abs=0.02)  # beyond 1.25 sigma
    inside = noise[noise.abs() < 0.2499]
    assert float(inside.std()) == pytest.approx(0.2 * 0.649, abs=0.004)
