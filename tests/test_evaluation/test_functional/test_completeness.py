"""What contributions leave of the evidence, against loops over cells."""

import pytest
import torch
from removal_cases import CLASSES, image

from mmproto.evaluation.functional.completeness import (
    completeness_errors,
    measure_completeness,
)
from mmproto.evaluation.functional.states import merge_states


def errors(evidence, explained):
    state = measure_completeness(evidence, explained)
    return completeness_errors(state)


def test_completeness_against_loops():
    torch.manual_seed(0)
    evidence = torch.rand(CLASSES, 100, 7)  # of more than one group of rows
    explained = evidence + 0.1 * torch.randn_like(evidence)
    worst = total = unit = changed = 0
    for y in range(100):
        for x in range(7):
            decided, summed = evidence[:, y, x], explained[:, y, x]
            unit += float(decided.max()) / 700
            for c in range(CLASSES):
                error = abs(float(decided[c]) - float(summed[c]))
                total, worst = total + error, max(worst, error)
            changed += int(decided.argmax() != summed.argmax())
    found = errors(evidence, explained)
    assert found['error_mean'] == pytest.approx(
        total / 700 / CLASSES / unit, rel=1e-5
    )
    assert found['error_max'] == pytest.approx(worst / unit, rel=1e-5)
    assert found['changed'] == changed / 700 > 0


def test_completeness_does_not_depend_on_the_unit():
    activations, evidence, weights, _ = image(bypass=0.5)
    explained = torch.einsum('ck,khw->chw', weights, activations)
    small, large = (
        errors(factor * evidence, factor * explained) for factor in (1, 1000)
    )
    assert small == pytest.approx(large, rel=1e-5)
    assert small['error_max'] > 0.3
    assert small['changed'] == 0


@pytest.mark.parametrize('what', ['bias', 'skip', 'weights'])
def test_completeness_notices(what):
    activations, evidence, weights, _ = image()
    explained = torch.einsum('ck,khw->chw', weights, activations)
    assert max(errors(evidence, explained).values()) < 1e-6
    if what == 'bias':
        evidence[1] += 0.5
    elif what == 'skip':
        evidence += 2 * torch.rand_like(evidence)
    else:
        weights = weights.roll(1, dims=0)
        explained = torch.einsum('ck,khw->chw', weights, activations)
    found = errors(evidence, explained)
    assert found['error_mean'] > 0.05
    assert found['error_max'] > found['error_mean']
    assert found['changed'] > 0


def test_ties_are_not_changes():
    evidence = torch.ones(2, 3, 3)
    explained = evidence.clone()
    explained[1] += 1e-6
    assert errors(evidence, explained)['changed'] == 0
    explained[1] += 1e-3
    assert errors(evidence, explained)['changed'] == 1


def test_completeness_merges():
    first, second = torch.rand(2, 3, 4), torch.rand(2, 3, 4)
    both = merge_states(
        measure_completeness(first, second),
        measure_completeness(second, first * 3),
    )
    together = measure_completeness(
        torch.cat([first, second], 2), torch.cat([second, first * 3], 2)
    )
    assert completeness_errors(both) == pytest.approx(
        completeness_errors(together)
    )


def test_without_evidence_there_is_no_unit():
    nothing = errors(torch.zeros(2, 3, 3), torch.zeros(2, 3, 3))
    assert nothing == dict(error_mean=None, error_max=None, changed=0)
    empty = completeness_errors(None)  # and no place at all
    assert empty == dict.fromkeys(nothing)
