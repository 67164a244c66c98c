"""Tables of concepts, against hand-computed and hand-edited ones."""

import csv
import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest
import torch

import mmproto
from mmproto.explanations.concepts import (
    ConceptUsage,
    list_concepts,
    unused_summary,
)
from mmproto.explanations.concepts_table import label_purity
from mmproto.models.facts import ModelFacts
from mmproto.prototypes.patches import Patch
from mmproto.visualization.concept_pages import save_concepts

SCHEMAS = Path(mmproto.__file__).parent / 'schemas'
# what `tools/edit_concepts.py` leaves in a checkpoint
EDITED = dict(
    concept_names={'6': 'left rear wheel', '3': '=1+1'},
    disabled_concepts={'2': [1.0, 0.0, 0.0, 0.5]},
)


def make_patch(label):
    return Patch(
        prototype=0,
        image='gone.png',
        file=None,
        scale=0,
        dilation=1,
        row=3,
        col=5,
        similarity=0.5,
        label=label,
        feature_size=(8, 12),
        image_size=(64, 96),
    )


def make_record(labels):
    """Of one prototype a concept, with patches of these labels."""
    places = [
        dict(
            image='gone.png',
            scale=0,
            row=1,
            col=2 + index,
            similarity=0.9 - index / 10,
            label=label,
            feature_size=[8, 12],
            image_size=[64, 96],
        )
        for index, label in enumerate(labels)
    ]
    return dict(prototypes=[dict(prototype=9, concept=6, patches=places)])


@pytest.fixture
def model(tiny_model):
    """With a record, names and a disabled concept."""
    weight = tiny_model.decode_head.conv_seg.weight
    with torch.no_grad():
        weight[:, 2] = 0
        weight[:, 6, 0, 0] = torch.tensor([12.29, 3.68, -1.0, 0.1])
    tiny_model.dataset_meta |= EDITED | dict(
        projection=make_record([2, 0, 255, 2])
    )
    return tiny_model


@pytest.fixture
def usage():
    share = torch.tensor([0.1, 0.0, 0.0, 0.2, 0.1, 0.1, 0.4, 0.1])
    return ConceptUsage(share / 2, share.double(), 1.75, 288, 3)


def save(model, usage, folder):
    """Write the files; the table in JSON and the rows of the CSV."""
    concepts = list_concepts(ModelFacts.of(model), usage)
    paths = save_concepts(concepts, ModelFacts.of(model), usage, folder)
    assert [path.name for path in paths] == [
        'concepts.json',
        'concepts.csv',
        'concepts_01.png',
    ]
    assert all(path.is_file() for path in paths)
    with paths[1].open(encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    return json.loads(paths[0].read_text(encoding='utf-8')), rows


def validate(data):
    schema = json.loads((SCHEMAS / 'concepts.schema.json').read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(data)


def test_json_fits_its_schema_and_says_all(model, usage, tmp_path):
    data, _ = save(model, usage, tmp_path / 'new')
    validate(data)
    assert data['classes'] == ['road', 'wall', 'car', 'sign']
    assert data['num_concepts'] == 8 and data['decision_size'] == 1.75
    assert data['num_cells'] == 288 and data['num_images'] == 3
    weights = model.decode_head.class_weights.detach()
    zeros = sum(value == 0 for row in weights.tolist() for value in row)
    assert data['sparsity'] == zeros / 32
    first = data['concepts'][0]  # the most used
    assert first['concept'] == 6 and first['name'] == 'left rear wheel'
    assert [w['name'] for w in first['class_weights']] == [
        'road',
        'wall',
        'sign',
    ]
    assert first['purity'] == 2 / 3  # a void patch does not count
    assert first['label'] == {'class': 2, 'name': 'car'}
    assert [p['label'] for p in first['patches']] == [2, 0, 255, 2]
    concepts = {item['concept']: item for item in data['concepts']}
    assert [k for k in range(8) if concepts[k]['disabled']] == [2]
    assert concepts[2]['class_weights'] == []
    assert concepts[0]['name'] is concepts[0]['purity'] is None
    assert concepts[0]['label'] is None and concepts[0]['patches'] == []
    del first['disabled']
    with pytest.raises(jsonschema.ValidationError, match="'disabled' is a"):
        validate(data)


def test_a_place_that_two_prototypes_found_comes_once(model, usage, tmp_path):
    record = make_record([2, 0, 255, 2])
    (first,) = record['prototypes']
    lower = [
        p | dict(similarity=p['similarity'] / 2) for p in first['patches']
    ]
    again = dict(prototype=10, concept=6, patches=lower[1:])
    other = dict(prototype=11, concept=6, patches=[lower[0] | dict(scale=1)])
    record['prototypes'] += [again, other]
    model.dataset_meta['projection'] = record
    data, _ = save(model, usage, tmp_path)
    found = data['concepts'][0]['patches']
    places = [(p['scale'], p['col']) for p in found]
    # by rank, then by similarity: 10 is a rank ahead of what 9 found too
    assert places == [(0, 2), (1, 2), (0, 3), (0, 4), (0, 5)]
    assert [p['prototype'] for p in found] == [9, 11, 10, 10, 10]


def test_what_was_not_counted_is_null(model, usage, tmp_path):
    unknown = dataclasses.replace(usage, num_cells=None, num_images=None)
    data, _ = save(model, unknown, tmp_path)
    validate(data)
    assert data['num_cells'] is data['num_images'] is None


def test_rows_are_the_columns_of_the_classifier(model, usage, tmp_path):
    data, rows = save(model, usage, tmp_path)
    weights = model.decode_head.class_weights.detach()
    assert len(rows) == 8
    for row, concept in zip(rows, data['concepts']):
        k = int(row['concept'])
        assert k == concept['concept']
        for c, name in enumerate(data['classes']):
            # to the last bit
            assert float(row[name]) == weights[c, k].double().item()
        assert float(row['mean_activation']) == concept['mean_activation']
        assert float(row['top_share']) == concept['top_share']
        assert row['disabled'] == ('true' if k == 2 else 'false')
    by_concept = {int(row['concept']): row for row in rows}
    assert by_concept[6]['name'] == 'left rear wheel'
    assert by_concept[6]['label'] == 'car'
    assert float(by_concept[6]['purity']) == 2 / 3
    assert by_concept[3]['name'] == "'=1+1"
    assert by_concept[0]['purity'] == by_concept[0]['label'] == ''


@pytest.mark.parametrize(
    ('labels', 'expected'),
    [
        ([], (None, None)),
        ([255, 255], (None, None)),
        ([7, 4], (None, None)),  # of no class
        ([1], (1.0, 1)),
        ([3, 1, 3, 255, 1], (0.5, 1)),  # the lowest on ties
        ([2, 2, 2, 0], (0.75, 2)),
    ],
)
def test_purity_of_labels(labels, expected):
    assert label_purity([make_patch(n) for n in labels], 4) == expected


def test_signed_weights_are_kept_but_speak_for_nothing(
    model, usage, tmp_path, monkeypatch
):
    signed = torch.zeros(4, 8)
    signed[:, 6] = torch.tensor([0.5, -2.0, 0.0, 1.0])
    kind = type(model.decode_head)
    monkeypatch.setattr(kind, 'class_weights', signed)
    data, rows = save(model, usage, tmp_path)
    validate(data)
    weights = data['concepts'][0]['class_weights']
    assert [(w['name'], w['weight']) for w in weights] == [
        ('sign', 1.0),
        ('road', 0.5),
        ('wall', -2.0),
    ]
    assert rows[0]['wall'] == '-2.0'
    sentence = list_concepts(ModelFacts.of(model), usage)[0].sentence()
    assert 'wheel): sign 1.00, road 0.50 (mean' in sentence


def test_sentences_name_concepts_and_say_what_was_disabled(model, usage):
    said = {
        c.index: c.sentence()
        for c in list_concepts(ModelFacts.of(model), usage)
    }
    assert said[6].startswith(
        'concept 6 (left rear wheel): road 12.29, wall 3.68, sign 0.10 (mean'
    )
    assert said[2].startswith('concept 2: no class, disabled by hand (mean')
    assert 'disabled' not in said[0]


def test_nothing_is_written_of_numbers_that_are_none(model, usage, tmp_path):
    usage.mean_activation[0] = torch.nan
    concepts = list_concepts(ModelFacts.of(model), usage)
    with pytest.raises(ValueError, match='mean_activation.*diverged'):
        save_concepts(concepts, ModelFacts.of(model), usage, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_sheets_show_concepts_in_use(model, usage, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        'mmproto.visualization.concept_pages.draw_pages',
        lambda concepts, names, note: drawn.append((concepts, note)) or [],
    )
    weights = torch.zeros(4, 8)
    weights[1, 6], weights[2, 3], weights[0, 1] = 0.5, 1.0, -2.0
    monkeypatch.setattr(type(model.decode_head), 'class_weights', weights)
    listed = list_concepts(ModelFacts.of(model), usage)
    save_concepts(listed, ModelFacts.of(model), usage, tmp_path)
    ((concepts, note),) = drawn
    # what speaks against a class contributes too
    assert [concept.index for concept in concepts] == [6, 3, 1]
    assert (
        note
        == unused_summary(listed)
        == (
            '5 concepts contribute to no class and are on no sheet; '
            'concepts.json and concepts.csv list all 8'
        )
    )
    assert (
        len(json.loads((tmp_path / 'concepts.json').read_text())['concepts'])
        == 8
    )
    assert unused_summary(concepts) == ''
    unused = [concept for concept in listed if concept not in concepts]
    assert unused_summary([*concepts, unused[0]]).startswith(
        '1 concept contributes to no class and is on no sheet;'
    )


def test_void_is_no_class_however_many_there_are():
    patches = [make_patch(label) for label in (255, 255, 3)]
    assert label_purity(patches, 300) == (1.0, 3)
