"""The published schemas are those of the models, and strict."""

import json

import jsonschema
import pytest
from publish_schemas import FOLDER, RECORDS, make_schema

# Keys that a record may lack, by the name of its definition.
OPTIONAL = dict(
    explanation_report={'sha256'},
    frame={'predicted', 'runner_up', 'black_box', 'agreement'},
    histogram={'edges', 'labels'},
)
FRAME = dict(frame=0, time=0.0, classes={'3': 1.0}, concepts={}, other=0.0)
DECISION = {'class': 0, 'name': 'road', 'evidence': -1.0, 'probability': 1}


def published(name):
    return json.loads((FOLDER / name).read_text())


@pytest.mark.parametrize('name', RECORDS)
def test_published_files_are_generated(name):
    assert published(name) == json.loads(make_schema(name)), (
        'run python tests/test_schemas/publish_schemas.py'
    )


def test_no_other_files_are_published():
    assert {path.name for path in FOLDER.glob('*')} == set(RECORDS)


@pytest.mark.parametrize('name', RECORDS)
def test_records_have_all_their_keys_and_no_others(name):
    schema = published(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    kind = name.removesuffix('.schema.json')
    records = dict(schema['$defs'], **{kind: schema})
    assert len(records) > 3
    for title, record in records.items():
        assert record['additionalProperties'] is False
        missing = set(record['properties']) - set(record['required'])
        assert missing == OPTIONAL.get(title, set())


@pytest.mark.parametrize(
    'change',
    [
        dict(frame=-1),
        dict(frame=0.5),
        dict(frame=None),
        dict(time=-0.1),
        dict(classes={'road': 1.0}),
        dict(classes={'3': 1.1}),
        dict(concepts={'-1': 0.5}),
        dict(other='0'),
        dict(predicted=None),
        dict(predicted=dict(DECISION, probability=1.0000001)),
        dict(predicted=dict(DECISION, concept=0)),
        dict(runner_up={}),
        dict(more=0),
    ],
)
def test_malformed_frames_are_refused(change):
    schema = published('sequence.schema.json')
    frame = {'$ref': '#/$defs/frame', '$defs': schema['$defs']}
    jsonschema.validate(FRAME, frame)
    whole = dict(FRAME, predicted=DECISION, runner_up=None)
    jsonschema.validate(whole, frame)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(whole | change, frame)
