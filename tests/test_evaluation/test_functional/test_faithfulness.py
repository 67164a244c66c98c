"""Curves against loops over cells, and models that deceive."""

import math

import numpy as np
import pytest
import torch
from removal_cases import CLASSES, CONCEPTS, HEIGHT, WIDTH, image

from mmproto.evaluation.functional import faithfulness
from mmproto.evaluation.functional.deletion import shuffled_concepts
from mmproto.evaluation.functional.faithfulness import (
    mean_heights,
    mean_ious,
    measure_removal,
    removal_steps,
    sampled_cells,
)
from mmproto.evaluation.functional.states import merge_states


def softmax(evidence):
    return evidence.softmax(dim=0)


def share(evidence):
    return torch.log(evidence + 1e-30).softmax(dim=0)


def run(image, link=softmax, steps=None, seed=3):
    activations, evidence, weights, labels = image
    return measure_removal(
        activations.flatten(1),
        evidence.flatten(1),
        weights,
        labels.flatten(),
        link,
        removal_steps(CONCEPTS, steps),
        seed,
    )


def slow_orders(contributions, random):
    """Three orders of the concepts of one cell."""
    largest = sorted(range(CONCEPTS), key=lambda k: -contributions[k])
    active = [k for k in random if contributions[k] > 0]
    others = [k for k in random if contributions[k] <= 0]
    return largest, active + others, random


def slow_removal(image, link, steps, seed):
    """Probabilities, agreement and confusion, cell by cell in float64."""
    activations, evidence, weights, labels = (x.double() for x in image)
    shuffled = shuffled_concepts(CONCEPTS, HEIGHT * WIDTH, seed)
    probability = np.zeros((2, 3, len(steps)))
    agreeing = np.zeros(len(steps))
    confusion = np.zeros((len(steps), CLASSES, CLASSES))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            a, e = activations[:, y, x], evidence[:, y, x]
            predicted = int(e.argmax())
            rest = e - weights @ a
            rest[rest.abs() < 1e-5 * e.max()] = 0
            orders = slow_orders(
                (weights[predicted] * a).tolist(),
                shuffled[:, y * WIDTH + x].tolist(),
            )
            for o, order in enumerate(orders):
                for t, n in enumerate(steps):
                    gone, there = a.clone(), torch.zeros_like(a)
                    for k in order[:n]:
                        gone[k], there[k] = 0, a[k]
                    for kind, some in enumerate((gone, there)):
                        left = (weights @ some + rest).clamp(min=0)
                        p = link(left)[predicted]
                        probability[kind, o, t] += float(p)
                    if o == 0:
                        agreeing[t] += int(left.argmax()) == predicted
                        if labels[y, x] < CLASSES:
                            label = int(labels[y, x])
                            confusion[t, label, int(left.argmax())] += 1
    return probability, agreeing, confusion


@pytest.mark.parametrize('link', [softmax, share])
@pytest.mark.parametrize('bypass', [0.0, 0.5])
@pytest.mark.parametrize('steps', [None, [4]])
def test_against_loops(link, bypass, steps):
    shown = image(bypass=bypass)
    state = run(shown, link, steps)
    assert state.steps == ((0, 1, 2, 3, 5, 7) if steps is None else (0, 4, 7))
    expected = slow_removal(shown, link, state.steps, seed=3)
    probability, agreeing, confusion = expected
    assert np.allclose(state.probability, probability, rtol=1e-5)
    assert np.array_equal(state.agreeing, agreeing)
    assert np.array_equal(state.confusion, confusion)
    assert state.cells == HEIGHT * WIDTH
    assert state.confusion[0].sum() == HEIGHT * WIDTH - 2  # void, unknown


@pytest.mark.parametrize(
    'size', [(1, 1), (16, 16), (16, 17), (23, 30), (2, 999), (128, 256)]
)
def test_cells_are_an_even_grid(size):
    height, width = size
    rows, columns = (
        range(n)[part] for n, part in zip(size, sampled_cells(*size))
    )
    assert len(rows) * len(columns) <= 256
    assert (len(rows) + 1) * (len(columns) + 1) > 120 or size == (1, 1)
    for places, end in ((rows, height), (columns, width)):
        assert abs(places[0] - (end - 1 - places[-1])) <= 1
    if height * width <= 256:
        assert (len(rows), len(columns)) == size


def test_random_orders_are_those_of_the_seed():
    orders = shuffled_concepts(CONCEPTS, 50, seed=1)
    assert torch.equal(orders, shuffled_concepts(CONCEPTS, 50, seed=1))
    assert not torch.equal(orders, shuffled_concepts(CONCEPTS, 50, seed=2))
    sorted_again = orders.sort(dim=0).values
    assert (sorted_again == torch.arange(CONCEPTS)[:, None]).all()
    assert len(orders.T.unique(dim=0)) > 40  # one for each cell


def test_small_evidence_is_not_lost_in_the_rounding_of_the_large():
    """By shares, a thousandth of a millionth decides if nothing else does."""
    activations = torch.tensor([1.0, 1e-9, 0.0])[:, None]
    weights = torch.eye(3)
    state = measure_removal(
        activations,
        activations,
        weights,
        torch.zeros(1, dtype=torch.int64),
        share,
        (0, 1, 2, 3),
        seed=0,
    )
    deletion = state.probability[0, 0].tolist()
    assert deletion == pytest.approx([1, 0, 1 / 3, 1 / 3], abs=1e-6)


def test_rounding_is_not_taken_for_evidence():
    torch.manual_seed(0)
    activations = torch.rand(60, 36)
    weights = torch.rand(CLASSES, 60)
    order = torch.randperm(60)  # another order of summation
    evidence = weights[:, order] @ activations[order]
    labels = torch.zeros(36, dtype=torch.int64)
    steps = removal_steps(60)
    state = measure_removal(
        activations, evidence, weights, labels, share, steps, 0
    )
    left = state.probability[0, :, -1] / state.cells
    torch.testing.assert_close(left, torch.full_like(left, 1 / CLASSES))


def test_steps():
    numbers = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 121)
    assert removal_steps(121) == numbers
    assert removal_steps(1) == (0, 1)
    assert removal_steps(2) == (0, 1, 2)
    assert removal_steps(50, [60, 7, 7]) == (0, 7, 34, 50)


def test_areas_are_means_over_the_logarithm():
    state = run(image(), steps=[4])
    y = (state.probability / state.cells).numpy()
    widths = math.log2(5), math.log2(8) - math.log2(5)
    expected = sum(
        width * (y[..., i] + y[..., i + 1]) / 2
        for i, width in enumerate(widths)
    ) / math.log2(8)
    assert np.allclose(mean_heights(state), expected)


def empty(steps, classes):
    """Sums before the first image."""
    return faithfulness.Removal(
        steps=steps,
        probability=torch.zeros(2, 3, len(steps), dtype=torch.float64),
        cells=torch.tensor(0),
        agreeing=torch.zeros(len(steps), dtype=torch.int64),
        confusion=torch.zeros(len(steps), classes, classes).long(),
        pairs=torch.zeros(2, dtype=torch.int64),
    )


def test_areas_end_at_34_concepts():
    long = empty(removal_steps(121), 2)
    long.cells += 1
    long.probability[..., :9] = 0.25  # up to 34
    long.probability[..., 9:] = 1
    assert mean_heights(long).flatten().tolist() == pytest.approx([0.25] * 6)


def test_mean_iou_is_over_the_classes_that_occur():
    state = empty((0, 1), 3)
    assert mean_ious(state) is None
    state.confusion[0] = torch.tensor([[6, 2, 0], [1, 1, 0], [0, 0, 0]])
    state.confusion[1] = torch.tensor([[8, 0, 0], [0, 0, 2], [0, 0, 0]])
    expected = [(6 / 9 + 1 / 4) / 2, (1 + 0 + 0) / 3]
    assert mean_ious(state) == pytest.approx(expected)


def test_merging_is_adding():
    first, second = run(image(0)), run(image(1), seed=4)
    total = first.probability + second.probability
    pairs = first.pairs + second.pairs
    merged = merge_states(merge_states(run(image(1), seed=4), first), second)
    torch.testing.assert_close(merged.probability, total + second.probability)
    assert torch.equal(merged.pairs, pairs + second.pairs)
    assert merged.cells == 3 * HEIGHT * WIDTH


def test_largest_first_is_better_than_chance():
    deletion, insertion = mean_heights(run(image()))
    assert deletion[0] < deletion[1] < deletion[2]
    assert insertion[0] > insertion[1] > insertion[2]


def test_a_bypass_flattens_the_curves():
    honest = mean_heights(run(image()))
    bypassed = mean_heights(run(image(bypass=2.0)))
    assert bypassed[0, 0] > honest[0, 0] + 0.1
    for kind, random in ((0, 1), (0, 2), (1, 1), (1, 2)):
        gain = (honest[kind, random] - honest[kind, 0]).abs()
        less = (bypassed[kind, random] - bypassed[kind, 0]).abs()
        assert less < gain


@pytest.mark.parametrize('link', [softmax, share])
def test_ranking_agreement_against_loops(link):
    shown = image(bypass=0.2)
    activations, evidence, weights, _ = (x.double() for x in shown)
    agree = pairs = 0
    for cell in range(HEIGHT * WIDTH):
        a = activations.flatten(1)[:, cell]
        e = evidence.flatten(1)[:, cell]
        c = int(e.argmax())
        contributions = weights[c] * a
        effects = []
        for k in range(CONCEPTS):
            left = e - weights[:, k] * a[k]
            left[left < 1e-6] = 0
            effects.append(float(link(e)[c] - link(left)[c]))
        top = contributions.argsort(descending=True)[:5].tolist()
        for i, first in enumerate(top):
            for second in top[i + 1 :]:
                if 0 < contributions[second] < contributions[first]:
                    pairs += 1
                    gap = effects[first] - effects[second]
                    agree += (gap > 1e-7) - (gap < -1e-7)
    assert pairs > 20
    assert agree != pairs
    assert run(shown, link).pairs.tolist() == [agree, pairs]
