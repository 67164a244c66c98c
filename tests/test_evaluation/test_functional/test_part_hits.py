"""Hits of parts: against the original numbers and loops over pixels."""

import cv2
import numpy as np
import pytest
import torch
from golden import golden
from part_cases import PART_CLASSES, SIZE, Scene, golden_images

from mmproto.evaluation.functional.part_hits import (
    BOX,
    alpha,
    area_above_quantile,
    area_hits,
    box_hits,
    owners,
    part_means,
    peaks,
)

SEEDS = pytest.mark.parametrize('seed', range(6))


@golden('evalprotopnet_consistency')
def test_boxes_and_peaks_of_the_original(case):
    images = golden_images(case, 'activations')
    for image, ((maps,), weights, targets, box) in enumerate(images):
        label = int(case['in_labels'][image])
        own = (owners(weights) == label).nonzero()[:, 0]
        found = peaks(maps[own], targets.size)
        assert (found == case['out_peak_yx'][own, image]).all()
        hits = box_hits(maps, owners(weights), targets, box)
        rows = slice(1 + 15 * label, 16 + 15 * label)
        assert (hits[own, rows] == case['out_part_hit'][own, image]).all()
        assert hits.sum() == hits[own, rows].sum()  # other classes: none


def test_peaks_of_a_map_that_is_not_square():
    maps = torch.rand(9, 5, 7, generator=torch.Generator().manual_seed(1))
    for found, values in zip(peaks(maps, (33, 61)), maps.numpy()):
        full = cv2.resize(values, (61, 33), interpolation=cv2.INTER_CUBIC)
        expected = np.unravel_index(full.argmax(), full.shape)
        assert tuple(found.tolist()) == expected


def test_the_first_of_equal_peaks():
    assert peaks(torch.zeros(1, 3, 4), (9, 8)).tolist() == [[0, 0]]


@SEEDS
def test_boxes_scale_with_the_image(seed):
    scene = Scene(seed)
    targets, owner = scene.targets, owners(scene.weights)
    half = [round(BOX * side) for side in SIZE]
    centre = peaks(scene.maps, SIZE).tolist()
    hits = box_hits(scene.maps, owner, targets)
    for k in range(len(owner)):
        for part in range(len(PART_CLASSES)):
            distance = [
                abs(a - b)
                for a, b in zip(centre[k], targets.points[part].tolist())
            ]
            expected = (
                part > 0
                and bool((scene.parts == part).any())
                and 0 <= PART_CLASSES[part] == owner[k]
                and distance[0] <= half[0]
                and distance[1] <= half[1]
            )
            assert hits[k, part] == expected


def test_owners():
    weights = torch.tensor([[0.0, 1.0, 0.5], [0.0, 2.0, 0.2]])
    assert owners(weights).tolist() == [-1, 1, 0]


@pytest.mark.parametrize('covered', [0.0, 0.1, 0.19, 0.21, 0.5, 1.0])
@pytest.mark.parametrize('quantile', [0.5, 0.8])
def test_area_above_the_quantile_of_pixels(covered, quantile):
    rng = np.random.default_rng(3)
    maps = rng.integers(0, 9, (5, 4, 6)).astype(np.float32)  # many ties
    mask = rng.random((20, 30)) < covered
    rows, columns = np.arange(20) * 4 // 20, np.arange(30) * 6 // 30
    cells = (rows[:, None] * 6 + columns).ravel()
    pixels = np.bincount(cells[mask.ravel()], minlength=24)
    area = area_above_quantile(
        torch.from_numpy(maps).flatten(1),
        torch.from_numpy(pixels),
        mask.size,
        quantile,
    )
    for values, found in zip(maps, area.numpy()):
        full = values[rows][:, columns] * mask
        expected = full > np.quantile(full, quantile)
        assert (found[cells].reshape(mask.shape) & mask == expected).all()


@pytest.mark.parametrize('total', range(5, 16))
def test_area_where_every_pixel_counts(total):
    maps = torch.randperm(total)[None].double() + 1
    for covered in range(1, total + 1):
        pixels = (torch.arange(total) < covered).long()
        full = (maps[0] * pixels).numpy()
        area = area_above_quantile(maps, pixels, total)[0].numpy()
        expected = full > np.quantile(full, 0.8)
        assert (area[:covered] == expected[:covered]).all()


def test_a_small_class_is_all_area():
    """Less than a fifth of the image: the quantile is a masked zero."""
    maps = torch.tensor([[0.9, 0.001, 0.002, 0.5, 0.0]])
    pixels = torch.tensor([3, 3, 3, 0, 3])
    area = area_above_quantile(maps, pixels, 100)
    assert area[0][[0, 1, 2, 4]].tolist() == [True, True, True, False]


@SEEDS
def test_area_hits(seed):
    """The original's loops, without what stops them."""
    scene = Scene(seed)
    owner = owners(scene.weights)
    parts, labels = scene.parts.numpy(), scene.labels.numpy()
    expected = np.zeros((len(owner), len(PART_CLASSES)), bool)
    for c in range(3):
        of_class = [p for p in range(1, 6) if PART_CLASSES[p] == c]
        for k in np.flatnonzero(owner.numpy() == c):
            full = scene.maps[k][scene.cell_rows][:, scene.cell_columns]
            full = full.numpy() * (labels == c)
            area = full > np.quantile(full, 0.8)
            for part in of_class:
                mask = ((parts == part) & (labels == c)).astype(np.uint8)
                if not mask.any():
                    continue
                found = cv2.connectedComponentsWithStats(mask, 8, cv2.CV_32S)
                for x, y in np.round(found[3]).astype(int):
                    expected[k, part] |= area[y, x]
    assert expected.any()
    assert (
        area_hits(scene.maps, owner, scene.targets).numpy() == expected
    ).all()


@golden('reproseg_activations_to_alpha')
def test_alpha_of_the_original(case):
    for image, expected in zip(case.input('activations'), case['out_alpha']):
        maps = image.detach().flatten(1)
        found = alpha(maps, torch.ones(maps.shape[1]))
        torch.testing.assert_close(
            found.double(), expected.flatten(1), rtol=1e-6, atol=1e-9
        )


def test_alpha_weighs_cells_by_their_pixels():
    maps = torch.tensor([[1.0, 2.0, 4.0, 9.0]])
    found = alpha(maps, torch.tensor([1, 5, 1, 0]))  # mean 15 / 7
    assert found.tolist() == [[0, 0, 1, 0]]


@SEEDS
def test_part_means(seed):
    scene = Scene(seed)
    found = part_means(scene.maps.flatten(1), scene.targets.part_pixels)
    full = scene.maps[:, scene.cell_rows][:, :, scene.cell_columns]
    for part in (1, 2, 3, 5):
        expected = full[:, scene.parts == part].mean(dim=1)
        torch.testing.assert_close(found[:, part], expected, equal_nan=True)
    assert found[:, [0, 4]].isnan().all()
