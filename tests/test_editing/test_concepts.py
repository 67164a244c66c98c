"""Edits of a classifier's weights and names."""

import json

import pytest
import torch
from surrogates import RECORD

from mmproto.editing import EditableConcepts
from mmproto.editing.concepts import find_class
from mmproto.models.metainfo import concept_names, disabled_concepts

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
    # another process knows the checkpoint's meta only
    meta = json.loads(json.dumps(concepts.dataset_meta))
    concepts = EditableConcepts(weight, meta, signed=True)
    with pytest.raises(ValueError, match='3 is not disabled; .* are: 4'):
        concepts.enable(3)
    undone = concepts.enable(4)
    assert torch.equal(bits(weight), before)
    assert undone['new_weights'] == action['old_weights']
    assert concepts.dataset_meta == json.loads(json.dumps(META))
    assert dict(classes=('road', 'wall', 'car'), palette=[[0] * 3] * 3) == META


def test_what_contributes_nothing_is_not_disabled(weight):
    with torch.no_grad():
        weight[:, 1] = torch.tensor([-1.0, 0.0, -0.0])[:, None, None]
        weight[:, 2] = 0
        weight[:, 3] = 1e-42  # subnormal
        weight[:, 4] = torch.tensor([-1.0, 0.5, 0.0])[:, None, None]
    before = bits(weight)
    for signed, silent in ((False, (1, 2)), (True, (2,))):
        concepts = EditableConcepts(weight, META, signed)
        for concept in silent:
            with pytest.raises(
                ValueError, match=f'concept {concept} contributes to no class'
            ):
                concepts.disable(concept)
            assert concepts.dataset_meta == META
        for concept in {1, 3, 4} - set(silent):
            concepts.disable(concept)
            concepts.enable(concept)
        assert torch.equal(bits(weight), before)


def test_what_was_disabled_without_effect_is_enabled(weight):
    with torch.no_grad():
        weight[:, 2] = 0
    before = bits(weight)
    meta = dict(META, disabled_concepts={'2': [0.0, -0.0, -1.5]})
    concepts = EditableConcepts(weight, meta, signed=False)
    concepts.enable(2)
    assert concepts.dataset_meta == META
    before[:, 2] = torch.tensor([0.0, -0.0, -1.5]).view(torch.int32)[
        :, None, None
    ]
    assert torch.equal(bits(weight), before)


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


def test_actions_and_errors_say_the_name(weight):
    meta = dict(META, concept_names={'1': 'wheel', '3': 'kerb'})
    concepts = EditableConcepts(weight, meta, signed=True)
    assert concepts.disable(1)['name'] == 'wheel'
    assert 'name' not in concepts.disable(2)
    meta = concepts.dataset_meta
    concepts = EditableConcepts(weight, meta, signed=True)
    for edit, arguments, message in (
        ('disable', (1,), "concept 1 'wheel' is disabled"),
        ('reweight', (1, 'car', 1.0), "concept 1 'wheel' is disabled"),
        ('enable', (3,), "3 'kerb' is not .* are: 1 'wheel', 2$"),
        ('rename', (1, 'wheel'), "concept 1 is called 'wheel' already"),
        ('rename', (0, ''), 'concept 0 has no name already'),
    ):
        with pytest.raises(ValueError, match=message):
            getattr(concepts, edit)(*arguments)
    concepts.rename(1, 'rim')
    assert concepts.enable(1)['name'] == 'rim'
    assert concepts.reweight(3, 'car', 2.0)['name'] == 'kerb'
    hostile = dict(META, concept_names={'3': '\x1b[2J\n'})
    concepts = EditableConcepts(weight, hostile, signed=True)
    with pytest.raises(ValueError) as caught:
        concepts.enable(3)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    'signed, stored, value',
    [
        (True, 1.2, 1.2),
        (True, 1.2, 1.2000000001),  # the same in float32
        (True, -1.2, -1.2),
        (True, 0.0, -0.0),
        (False, 0.0, 1e-50),
        (False, -1.2, 0.0),  # what is in force
    ],
)
def test_a_weight_that_is_there_already(weight, signed, stored, value):
    with torch.no_grad():
        weight[2, 3] = stored
    before = bits(weight)
    concepts = EditableConcepts(weight, META, signed)
    with pytest.raises(ValueError, match=r'concept 3 has .* car already'):
        concepts.reweight(3, 'car', value)
    assert torch.equal(bits(weight), before)
    # the next float32 is another weight
    near = torch.nextafter(torch.tensor(stored), torch.tensor(9.0)).item()
    if signed or stored >= 0:
        concepts.reweight(3, 'car', near)
        assert weight[2, 3].item() == near


def test_classes_by_name_number_and_case():
    classes = ['Road', 'road', 'Car', '0', 'STRASSE']
    found = dict(
        zip(
            ('Road', 'road', 'car', 'CAR', '0', '4', 'straße'),
            (0, 1, 2, 2, 3, 4, 4),
        )
    )
    assert {name: find_class(name, classes) for name in found} == found
    with pytest.raises(ValueError, match="several .*'ROAD'.* number below 5"):
        find_class('ROAD', classes)
    for name in ('tram', '5', '-1', '', ' car'):
        with pytest.raises(ValueError, match=f'there is no class {name!r}'):
            find_class(name, classes)
    with pytest.raises(ValueError, match=r'one of a\\x1b\[2J$'):
        find_class('x', ['a\x1b[2J'])


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


def test_agreement_of_a_surrogate_is_of_old_weights(weight):
    meta = dict(META, surrogate=dict(RECORD))
    concepts = EditableConcepts(weight, meta, signed=True)
    for concept, value in ((4, 1.5), (1, 0.25), (4, 2.5)):
        concepts.reweight(concept, 'road', value)
    concepts.rename(2, 'wheel')
    found = concepts.dataset_meta['surrogate']
    assert found == RECORD | dict(reweighted=[1, 4])
    assert meta['surrogate'] == RECORD
    plain = EditableConcepts(weight, META, signed=True)
    plain.reweight(0, 'road', 7)
    assert 'surrogate' not in plain.dataset_meta
