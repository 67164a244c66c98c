"""Edits of a classifier's weights and names."""

import json

import pytest
import torch

from mmproto.editing import (
    EditableConcepts,
    concept_names,
    disabled_concepts,
)

META = dict(classes=('road', 'wall', 'car'), palette=[[0, 0, 0]] * 3)


@pytest.fixture
def weight():
    torch.manual_seed(0)
    return torch.nn.Parameter(torch.randn(3, 5, 1, 1))


def bits(weight):
    return weight.detach().clone().view(torch.int32)


def test_disable_and_enable(weight):
    before, meta = bits(weight), dict(META)
    concepts = EditableConcepts(weight, meta, signed=True)
    action = concepts.disable(4)
    assert (
        action['old_weights']
        == before.view(torch.float32)[:, 4, 0, 0].tolist()
    )
    assert action['new_weights'] == [0.0, 0.0, 0.0]
    # zeros without a sign, and nothing else
    expected = before.clone()
    expected[:, 4] = 0
    assert torch.equal(bits(weight), expected)
    assert disabled_concepts(concepts.dataset_meta) == {
        4: action['old_weights']
    }
    with pytest.raises(ValueError, match='concept 4 is disabled'):
        concepts.disable(4)
    with pytest.raises(ValueError, match='concept 4 is disabled'):
        concepts.reweight(4, 'road', 1.0)
    with pytest.raises(ValueError, match='3 is not disabled; .* are: 4'):
        concepts.enable(3)
    # another process knows the checkpoint's meta only
    meta = json.loads(json.dumps(concepts.dataset_meta))
    concepts = EditableConcepts(weight, meta, signed=True)
    undone = concepts.enable(4)
    assert torch.equal(bits(weight), before)
    assert undone['new_weights'] == action['old_weights']
    assert concepts.dataset_meta == json.loads(json.dumps(META))
    assert dict(classes=('road', 'wall', 'car'), palette=[[0] * 3] * 3) == META


def test_minus_zero_comes_back(weight):
    with torch.no_grad():
        weight[0, 1] = -0.0
        weight[1, 1] = 1e-42  # subnormal
    before = bits(weight)
    concepts = EditableConcepts(weight, META, signed=False)
    concepts.disable(1)
    concepts.enable(1)
    assert torch.equal(bits(weight), before)


def test_reweight_is_undone_by_what_it_returns(weight):
    before = bits(weight)
    concepts = EditableConcepts(weight, META, signed=True)
    action = concepts.reweight(2, 'car', -0.1)
    assert (action['class_index'], action['class_name']) == (2, 'car')
    expected = before.clone().view(torch.float32)
    expected[2, 2] = -0.1
    assert torch.equal(bits(weight), expected.view(torch.int32))
    assert action['new_weights'] == expected[:, 2, 0, 0].tolist()
    old = json.loads(json.dumps(action))['old_weights'][2]
    concepts.reweight(2, '2', old)
    assert torch.equal(bits(weight), before)


def test_rename(weight):
    concepts = EditableConcepts(weight, META, signed=False)
    action = concepts.rename(3, 'Rad, hinten ✓')
    assert action == dict(
        kind='rename', concept=3, old_name='', new_name='Rad, hinten ✓'
    )
    assert concepts.rename(3, 'wheel')['old_name'] == 'Rad, hinten ✓'
    concepts.rename(0, 'sky')
    assert concepts.dataset_meta['concept_names'] == {'0': 'sky', '3': 'wheel'}
    assert concept_names(concepts.dataset_meta) == {0: 'sky', 3: 'wheel'}
    concepts.rename(0, '')
    concepts.rename(3, '')
    assert concepts.dataset_meta == META
    assert concept_names(None) == {} == disabled_concepts(None)


@pytest.mark.parametrize(
    'signed, edit, arguments, message',
    [
        (True, 'disable', (5,), 'no concept 5; .* 0 to 4'),
        (True, 'disable', (-1,), 'no concept -1'),
        (True, 'enable', (7,), 'no concept 7'),
        (True, 'enable', (0,), 'disabled are: none'),
        (True, 'rename', (0, 'two\nlines'), 'cannot be called'),
        (True, 'rename', (0, ' wheel'), 'cannot be called'),
        (True, 'rename', (9, 'wheel'), 'no concept 9'),
        (True, 'reweight', (0, 'tram', 1.0), "'tram'; .* road, wall, car"),
        (True, 'reweight', (0, '3', 1.0), 'number below 3'),
        (True, 'reweight', (0, '-1', 1.0), 'number below 3'),
        (True, 'reweight', (0, 'car', float('nan')), 'are finite, got nan'),
        (True, 'reweight', (0, 'car', 1e39), 'are finite, got 1e'),
        (False, 'reweight', (0, 'car', -0.5), 'not negative, got -0.5'),
    ],
)
def test_impossible_edits(weight, signed, edit, arguments, message):
    before = bits(weight)
    concepts = EditableConcepts(weight, META, signed)
    with pytest.raises(ValueError, match=message):
        getattr(concepts, edit)(*arguments)
    assert torch.equal(bits(weight), before)
    assert concepts.dataset_meta == META
