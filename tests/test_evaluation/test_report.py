"""The report file: what it holds and what it refuses."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
import torch
from planted import METRICS, measure
from report_cases import HEADER, reports
from surrogates import LINE, RECORD

import mmproto
from mmproto.evaluation.base import make_report
from mmproto.evaluation.report import report_data, save_report
from mmproto.evaluation.report_figure import draw_report
from mmproto.evaluation.report_table import report_table
from mmproto.models.surrogate_record import Surrogate


def validator():
    folder = Path(mmproto.__file__).parent / 'schemas'
    text = (folder / 'explanation_report.schema.json').read_text()
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_schema_accepts_a_report():
    validator().validate(report_data(HEADER, reports()))
    validator().validate(report_data(HEADER, {}))


def test_schema_accepts_what_all_metrics_give(planted_data):
    measured = measure(planted_data, 'noise')
    assert set(measured) == set(METRICS)
    data = report_data(HEADER, measured)
    validator().validate(data)
    panels = sum(
        len(report[kind])
        for report in measured.values()
        for kind in ('curves', 'histograms')
    )
    assert len(draw_report(data).axes) == panels > 8


def broken(data):
    """Files that are wrong in one place each."""
    metric = data['metrics']['FirstMetric']
    yield data.pop, 'checkpoint'
    yield data.update, dict(extra=1)
    yield data.update, dict(version=2)
    yield data.update, dict(num_images=1.5)
    yield data['metrics'].update, dict(A=dict(scalars={}))
    yield metric['scalars'].update, dict(area='0.1')
    yield metric['scalars'].update, {'Mean IoU': 0.1}
    yield metric['per_concept'].update, dict(rate=0.5)
    yield metric['per_concept'].update, dict(rate=[[0.5]])
    yield metric['curves']['single'].pop, 'y_label'
    yield metric['curves']['single'].update, dict(x=[None, 1.0, 2.0])
    yield metric['curves']['deletion'].update, dict(y={})
    yield metric['histograms']['one'].pop, 'edges'
    yield metric['histograms']['one'].update, dict(labels=['a'])
    yield metric['notes'].append, 3


@pytest.mark.parametrize('case', range(15))
def test_schema_refuses_wrong_files(case):
    data = report_data(HEADER, reports())
    cases = list(broken(data))
    assert len(cases) == 15
    change, argument = cases[case]
    change(argument)
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(data)


@pytest.mark.parametrize(
    ('value', 'problem'),
    [
        (float('nan'), 'is nan; what could not be measured has to be None'),
        (float('inf'), 'is inf'),
        (torch.tensor(0.5), 'is a Tensor; give plain numbers'),
        (np.float32(0.5), 'is a float32'),
        (np.zeros(2), 'is a ndarray'),
    ],
)
def test_what_is_not_plain_is_named(value, problem, tmp_path):
    wrong = reports()
    wrong['FirstMetric']['curves']['deletion']['y']['b'][1] = value
    where = r'FirstMetric\.curves\.deletion\.y\.b\[1\] '
    with pytest.raises(ValueError, match=where + problem):
        save_report(HEADER, wrong, tmp_path / 'a.json')
    assert not list(tmp_path.iterdir())


def test_keys_have_to_be_strings():
    wrong = dict(A=make_report({}, per_concept={3: [1]}))
    with pytest.raises(ValueError, match='A.per_concept has a key 3'):
        report_data(HEADER, wrong)


@pytest.mark.parametrize(
    ('kind', 'name', 'key', 'values'),
    [
        ('curves', 'single', 'y', [1.0, 2.0]),
        ('curves', 'deletion', 'y', dict(a=[1.0])),
        ('histograms', 'one', 'counts', [1, 2]),
        ('histograms', 'by_size', 'counts', dict(rate_1=[1])),
    ],
)
def test_what_does_not_fit_together_is_named(kind, name, key, values):
    wrong = reports()
    wrong['FirstMetric'][kind][name][key] = values
    with pytest.raises(ValueError, match=f'FirstMetric.{name} has'):
        report_data(HEADER, wrong)


def test_files_are_complete_and_the_same_again(tmp_path):
    table = save_report(HEADER, reports(), tmp_path / 'new' / 'a.json')
    save_report(HEADER, copy.deepcopy(reports()), tmp_path / 'b.json')
    names = sorted(path.name for path in (tmp_path / 'new').iterdir())
    assert names == ['a.json', 'a.png']
    text = (tmp_path / 'new' / 'a.json').read_bytes()
    assert text == (tmp_path / 'b.json').read_bytes()
    data = json.loads(text)
    validator().validate(data)
    assert data == report_data(HEADER, reports())
    assert data['mmproto'] == mmproto.__version__
    assert table == report_table(data)
    picture = cv2.imread(str(tmp_path / 'new' / 'a.png'))
    assert picture.shape[1] == 1870
    assert picture.std() > 10  # something is drawn


def test_the_name_of_the_file_has_to_say_json(tmp_path):
    with pytest.raises(ValueError, match=r'got .*a\.txt; .* \.json'):
        save_report(HEADER, reports(), tmp_path / 'a.txt')


def test_a_surrogate_says_so():
    data = report_data(HEADER, reports())
    assert data['surrogate'] is None
    assert 'surrogate' not in report_table(data)
    said = Surrogate.read(RECORD).to_dict()
    data = report_data(replace(HEADER, surrogate=said), reports())
    validator().validate(data)
    assert LINE in report_table(data).splitlines()
