"""Orders of cells and deletion curves against brute force."""

import numpy as np
import pytest
import torch

from mmproto import explain
from mmproto.class_activation.curves import (
    cell_grid,
    deletion_curve,
    mean_height,
)
from mmproto.class_activation.measure import mean_and_error
from mmproto.class_activation.orders import (
    concept_map,
    deletion_order,
    nearness_map,
)
from mmproto.class_activation.segmentor_view import Region, SegmentorView
from mmproto.explanations.evidence import EvidenceMaps
from mmproto.models.facts import ModelFacts

GRID = (3, 5)
SHARES = (0.0, 0.2, 0.5, 1.0)


def cell_of(y, x, size):
    return (y * GRID[0] // size[0]) * GRID[1] + x * GRID[1] // size[1]


@pytest.mark.smoke
@pytest.mark.parametrize('pad', [None, 32])
def test_curves_by_brute_force(planted, pixels, pad):
    """Pixel by pixel, cell by cell; what mmseg pads is never deleted."""
    model = planted(pad=pad)
    model.data_preprocessor.pad_val = 3  # seen if padding were deleted
    view = SegmentorView.of(model, pixels)
    region = view.segment(30, 20)
    order = np.random.default_rng(0).permutation(15)
    found = deletion_curve(view, region, order, GRID, SHARES)
    expected = []
    for share in SHARES:
        inputs = view.inputs.clone()
        gone = set(order[: round(share * 15)].tolist())
        for y in range(40):
            for x in range(56):
                if cell_of(y, x, (40, 56)) in gone:
                    inputs[:, :, y, x] = 0
        logits = model.decode_head(model.backbone(inputs))
        size = inputs.shape[2:]
        logits = torch.nn.functional.interpolate(logits, size, mode='bilinear')
        said = logits.softmax(dim=1)[0, region.category, :40, :56]
        expected.append(said[torch.from_numpy(region.mask)].mean().item())
    assert np.ptp(expected) > 0.05
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_cell_that_matters_decides(planted, pixels):
    """The logits of a cell depend on nothing but its own colour."""
    view = SegmentorView.of(planted(), pixels)
    region = view.pixel(27, 20)  # far enough from the next cell
    own = cell_of(20, 27, (40, 56))
    others = [cell for cell in range(15) if cell != own]
    first = deletion_curve(view, region, np.array([own, *others]), GRID)
    last = deletion_curve(view, region, np.array([*others, own]), GRID)
    assert first[0] == last[0] and first[-1] == last[-1]
    np.testing.assert_allclose(first[3:], first[-1], atol=1e-6)
    np.testing.assert_allclose(last[:-1], last[0], atol=1e-6)
    assert mean_height(first) < mean_height(last)


def test_order_of_means_with_ties_by_chance():
    size = (7, 11)
    values = np.random.default_rng(0).normal(size=size)
    means = np.zeros(15)
    for cell in range(15):
        own = [
            values[y, x]
            for y in range(7)
            for x in range(11)
            if cell_of(y, x, size) == cell
        ]
        means[cell] = np.mean(own)
    order = deletion_order(values, GRID, np.random.default_rng(0))
    assert order.tolist() == sorted(range(15), key=lambda c: -means[c])
    flat = [
        deletion_order(np.zeros(size), GRID, np.random.default_rng(seed))
        for seed in (1, 1, 2)
    ]
    assert flat[0].tolist() == flat[1].tolist() != flat[2].tolist()
    assert sorted(flat[2].tolist()) == list(range(15))


def test_nearness_by_brute_force():
    mask = np.zeros((5, 6), bool)
    near = [(1, 1), (4, 5)]
    mask[1, 1] = mask[4, 5] = True
    expected = [
        [-min(np.hypot(y - r, x - c) for r, c in near) for x in range(6)]
        for y in range(5)
    ]
    np.testing.assert_allclose(nearness_map(Region(0, mask)), expected)


def test_cells_are_about_sixteen_pixels():
    assert cell_grid((360, 480)) == (22, 30)
    assert cell_grid((3, 40)) == (1, 2)


def test_concepts_of_the_decision(tiny_model, image):
    """At one pixel they are those of the explanation, largest first."""
    torch.manual_seed(0)
    with torch.no_grad():  # few concepts are enough
        weights = tiny_model.decode_head.conv_seg.weight
        weights.copy_(torch.rand(weights.shape) ** 6)
    facts = ModelFacts.of(tiny_model)
    explanation = explain(tiny_model, image)
    x, y = explanation.point
    mask = np.zeros(explanation.prediction.shape, bool)
    mask[y, x] = True
    maps = EvidenceMaps(facts, image)
    winner = explanation.predicted
    found = concept_map(facts, maps, Region(winner, mask))
    weights = facts.head.class_weights[winner].detach().numpy()
    chosen = explanation.needed_concepts()
    assert 0 < len(chosen) < 8
    expected = sum(
        weights[k] * maps.activations([k])[0].numpy() for k in chosen
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)
    reached = explanation.contributions[winner, chosen].sum()
    np.testing.assert_allclose(found[y, x], reached, rtol=1e-4)


def test_pixels_of_one_image_are_no_independent_draws():
    values, images = [1.0, 3.0, 5.0, 5.0], ['a', 'a', 'b', 'b']
    mean, error = mean_and_error(values, images)
    assert mean == 3.5 and error == pytest.approx(1.5)  # of 2 and 5
    assert mean_and_error(values[:2], images[:2]) == (2.0, None)
