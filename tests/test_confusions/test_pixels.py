"""What concepts do at pixels, against loops over single pixels."""

import numpy as np
import pytest

from mmproto.confusions.pixels import (
    NO_CONCEPT,
    decisions_without,
    leading_concepts,
    margin_parts,
)

C, K, N = 5, 7, 150


def random_case(seed, signed, sparse):
    """Activations, weights and the evidence that they add up to."""
    rng = np.random.default_rng(seed)
    activations = rng.random((K, N)).astype(np.float32)
    activations[rng.random((K, N)) < sparse] = 0
    weights = rng.random((C, K)) - (0.5 if signed else 0)
    weights[rng.random((C, K)) < sparse] = 0
    logits = (weights @ activations).astype(np.float32)
    return activations, weights, logits


CASES = [
    (seed, signed, sparse)
    for seed in range(2)
    for signed in (False, True)
    for sparse in (0.0, 0.6)
]


@pytest.mark.parametrize('case', CASES)
def test_parts_sum_to_the_margin_and_the_largest_leads(case):
    activations, weights, logits = random_case(*case)
    truth = np.random.default_rng(9).integers(0, C, N)
    predicted = logits.argmax(axis=0)
    parts = margin_parts(activations, weights, truth, predicted)
    leading = leading_concepts(parts)
    for u in range(N):
        t, p = truth[u], predicted[u]
        own = [
            (weights[p, k] - weights[t, k]) * float(activations[k, u])
            for k in range(K)
        ]
        assert parts[:, u] == pytest.approx(own)
        margin = float(logits[p, u]) - float(logits[t, u])
        assert parts[:, u].sum() == pytest.approx(margin, abs=1e-5)
        best = max(range(K), key=lambda k: own[k])  # the first on ties
        assert leading[u] == (best if own[best] > 0 else NO_CONCEPT)
    assert len(set(leading)) > 3


@pytest.mark.parametrize('case', CASES)
def test_decisions_without_a_concept(case):
    activations, weights, logits = random_case(*case)
    before = logits.argmax(axis=0)
    changes = 0
    seen = []
    for index, pixels, now in decisions_without(logits, activations, weights):
        seen.append(index)
        after = before.copy()
        after[pixels] = now
        for u in range(N):
            sums = [
                sum(
                    weights[c, k] * float(activations[k, u])
                    for k in range(K)
                    if k != index
                )
                for c in range(C)
            ]
            assert after[u] == sums.index(max(sums))
        changes += (after != before).sum()
    assert seen == list(range(K)) and changes > 50


def test_nothing_is_left_where_a_single_concept_speaks():
    # float32 sums and products round differently: no rest may decide
    activations = np.array([[0.1, 0.7], [0.0, 0.0]], np.float32)
    weights = np.array([[0.0, 1.0], [0.3, 0.0], [0.9, 0.0]])
    logits = np.array([[0, 0], [0.03, 0.21], [0.0900001, 0.6299999]])
    logits = logits.astype(np.float32)
    (first, pixels, now), second = decisions_without(
        logits, activations, weights
    )
    assert first == 0 and pixels.tolist() == [0, 1] and now.tolist() == [0, 0]
    assert second[0] == 1 and second[1].tolist() == []


def test_activations_below_zero():
    # distances as they are: minus 1, times weights; without, class 0 wins
    activations = np.array([[-1.0], [0.5]], np.float32)
    weights = np.array([[2.0, 1.0], [0.5, 0.0]])
    logits = (weights @ activations).astype(np.float32)  # -1.5, -0.5
    found = {k: now for k, _, now in decisions_without(
        logits, activations, weights
    )}  # fmt: skip
    assert found[0].tolist() == [0] and found[1].tolist() == []


def test_no_concepts_and_no_pixels():
    none = np.zeros((0, 4), np.float32)
    pairs = np.zeros(4, int), np.ones(4, int)
    parts = margin_parts(none, np.zeros((3, 0)), *pairs)
    assert leading_concepts(parts).tolist() == [NO_CONCEPT] * 4
    empty = np.zeros((3, 0), np.float32)
    found = list(decisions_without(empty, empty[:2], np.ones((3, 2))))
    assert [(k, len(pixels)) for k, pixels, _ in found] == [(0, 0), (1, 0)]
