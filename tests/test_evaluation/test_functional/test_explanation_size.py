"""Sizes of explanations: against loops and against PIP-Net's own numbers."""

import numpy as np
import pytest
import torch
from golden import golden

from mmproto.evaluation.functional.explanation_size import (
    LOCAL_SIZES,
    image_sizes,
    mean_sizes,
    measure_cells,
    pipnet_global,
)
from mmproto.evaluation.functional.states import merge_states
from mmproto.explanations.concepts import count_needed

THRESHOLD = 1e-3


def draw(seed, classes=4, concepts=7, cells=30):
    """Activations with silent cells, and sparse weights."""
    generator = torch.Generator().manual_seed(seed)
    activations = torch.rand(concepts, cells, generator=generator) ** 12
    activations[:, ::10] = 0
    weights = torch.randn(classes, concepts, generator=generator).relu()
    weights[:, 2] = 0
    return activations, weights


def smallest_set(contributions):
    """Concepts that reach 95 % first, the largest first."""
    total, chosen, reached = sum(contributions), [], 0.0
    for k in sorted(
        range(len(contributions)), key=lambda k: -contributions[k]
    ):
        if reached >= 0.95 * total:
            break
        chosen.append(k)
        reached += contributions[k]
    return chosen


def slow_sizes(activations, weights):
    """Sizes of each cell by loops over cells, concepts and classes."""
    weights = weights.double().numpy()
    rows, deciding = [], np.zeros(len(activations), dtype=int)
    for cell in activations.double().numpy().T:
        contributions = weights * cell  # C,K
        own = contributions[np.argmax(contributions.sum(axis=1))]
        chosen = smallest_set(own)
        rows.append(
            dict(
                all_classes=sum(any(c > THRESHOLD) for c in contributions.T),
                predicted=sum(c > THRESHOLD for c in own),
                needed=len(chosen),
                needed_all=len(smallest_set(contributions.sum(axis=0))),
            )
        )
        for k in chosen:
            deciding[k] += 1
    return rows, deciding


def measure(activations, weights):
    predicted = (weights @ activations).argmax(dim=0)
    return measure_cells(activations, weights, predicted, THRESHOLD)


@pytest.mark.parametrize('seed', range(4))
def test_local_sizes_equal_loops(seed):
    activations, weights = draw(seed)
    rows, deciding = slow_sizes(activations, weights)
    cells = measure(activations, weights)
    for name, counts, mean in zip(
        LOCAL_SIZES, cells.counts.tolist(), mean_sizes(cells).tolist()
    ):
        sizes = [row[name] for row in rows]
        assert counts == np.bincount(sizes, minlength=8).tolist(), name
        assert mean == pytest.approx(np.mean(sizes))
    assert cells.deciding.tolist() == deciding.tolist()
    needed = cells.counts[LOCAL_SIZES.index('needed')]
    assert needed[0] / needed.sum() == pytest.approx(0.1)  # abstain


def test_parts_join_to_the_whole():
    activations, weights = draw(0)
    whole = measure(activations, weights)
    joined = None
    for part in activations.split([1, 20, 9], dim=1):
        joined = merge_states(joined, measure(part, weights))
    assert joined.counts.equal(whole.counts)
    assert joined.deciding.equal(whole.deciding)


def test_noise_takes_more_concepts_than_parts():
    parts = torch.eye(6).repeat(1, 5)  # each cell shows one concept
    noise = torch.full((6, 30), 1 / 6)
    weights = torch.ones(2, 6)
    assert (
        mean_sizes(measure(parts, weights))
        < mean_sizes(measure(noise, weights))
    ).all()
    assert mean_sizes(measure(parts, weights)).tolist() == [1, 1, 1, 1]


def test_the_classifier_alone():
    weights = torch.tensor([[1.0, 0, 0, 1e-6], [2, 0, 3, 0]])
    assert pipnet_global(weights) == (2, 1 - 3 / 8)  # 1e-6 is no weight


@golden('pipnet_relevant_sparsity')
def test_published_numbers_of_pipnet(case):
    maps = case.input('features').detach().softmax(dim=1)
    scores = maps.amax(dim=(2, 3))
    weights = case.input('weight').detach()
    batches = scores.split(int(case['in_batch_size']))
    parts = []
    for batch in batches:
        # what PIP-Net does to its weights before every batch
        weights = (weights - 1e-3).clamp(min=0)
        parts.append(image_sizes(batch, weights))
    total = parts[0]
    for part in parts[1:]:
        total = merge_states(total, part)
    assert total.images == len(scores)
    assert total.abstained == int(case['out_abstained'])
    expected = dict(
        predicted='almost_sim_nonzeros',
        present='almost_nonzeros',
        pairs='local_size_all_classes',
    )
    for name, golden_name in expected.items():
        mean = getattr(total, name) / total.images
        assert mean == pytest.approx(float(case['out_' + golden_name]))
    # the corrected one does not depend on batches, and counts no pairs
    slow = [
        sum(
            any(p >= 0.1 and p * weight > 1e-3 for weight in column)
            for p, column in zip(image, weights.T)
        )
        for image in scores
    ]
    assert image_sizes(scores, weights).concepts == sum(slow)
    single = [image_sizes(image[None], weights).concepts for image in scores]
    assert single == slow
    used, sparsity = pipnet_global(weights)
    assert used == int(case['out_num_nonzero_prototypes'])
    assert sparsity == pytest.approx(float(case['out_sparsity_ratio']))
    torch.testing.assert_close(
        weights.double(), case['out_weight_after'], rtol=2e-7, atol=1e-9
    )


def test_a_contribution_is_of_one_image_and_one_class():
    """Neither a mean over images nor a sum over classes is one."""
    weights = torch.tensor([[1.5e-3, 0.8e-3], [0, 0.8e-3]])
    sizes = image_sizes(torch.tensor([[1.0, 1.0], [0.0, 0.0]]), weights)
    assert (sizes.pairs, sizes.concepts, sizes.predicted) == (1, 1, 1)
    assert (sizes.images, sizes.abstained) == (2, 1)


def test_what_speaks_against_a_class_is_not_part_of_its_explanation():
    # columns: 95 of 100 by two; half of the balance would take one
    contributions = torch.tensor(
        [[60.0, 1.0], [36.0, -2.0], [4.0, -3.0], [-50.0, -4.0]]
    )
    assert count_needed(contributions).tolist() == [2, 1]
    assert count_needed(-contributions.abs()).tolist() == [0, 0]
