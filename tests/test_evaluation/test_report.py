"""The report file: what it holds, what it refuses, what it shows."""

import copy
import json
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
import torch
from planted import METRICS, measure

import mmproto
from mmproto.evaluation.base import make_report
from mmproto.evaluation.report import ReportHeader, report_data, save_report
from mmproto.evaluation.report_figure import draw_report
from mmproto.evaluation.report_table import report_table

HEADER = ReportHeader(
    config='configs/a.py',
    checkpoint='a.pth',
    data_set='StreetToyDataset',
    num_images=6,
    classes=['road', 'car'],
    date='2026-11-22',
    accuracy=dict(mIoU=71.25, mAcc=None),
)


def reports():
    """Every shape of curve and histogram, and what could not be measured."""
    line = [0.9, 0.5, None, 0.1]
    steps = dict(x_label='concepts deleted', y_label='probability')
    first = make_report(
        dict(area=0.123456, size=37.0, tiny=1.5e-7, shift=-12.3456),
        per_concept=dict(rate=[0.5, None], part=['car/wheel', None]),
        curves=dict(
            deletion=dict(
                x=[0, 1, 2, 121], y=dict(a=line, b=line[::-1]), **steps
            ),
            single=dict(x=[0.0, 0.5, 1.0], y=[1.0, 2.0, 3.0], **steps),
        ),
        histograms=dict(
            scores=dict(
                edges=[0.0, 0.5, 1.0],
                counts=dict(known=[900, 10], unknown=[0, 0]),
                x_label='score',
            ),
            local_size=dict(
                labels=['0', '1'],
                counts=dict(all=[3, 4], needed=[5, 2]),
                x_label='concepts',
            ),
            by_size=dict(
                labels=['<8', '8-16'],
                counts=dict(rate_1=[3, 0], rate_2=[1200, 0]),
                x_label='size',
            ),
            classes=dict(
                labels=[f'class {i}' for i in range(30)],
                counts=list(range(30)),
                x_label='class',
            ),
            one=dict(edges=[0.0, 1.0], counts=[7], x_label='purity'),
        ),
        notes=['what a reader must know'],
    )
    missing = make_report(dict(area=None), notes=['no ground truth'])
    nothing = make_report({}, notes=['not measured: no such folder'])
    return dict(FirstMetric=first, OtherMetric=missing, LastMetric=nothing)


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


def rows(table):
    """Cells of the rows of a table, with the name of their metric."""
    found, metric = {}, ''
    for line in table.splitlines():
        if line.startswith('| ') and '| metric' not in line:
            cells = [cell.strip() for cell in line.strip('|').split('|')]
            metric = cells[0] or metric
            found[metric, cells[1]] = cells[2]
    return found


def test_table_holds_every_number():
    table = report_table(report_data(HEADER, reports()))
    assert rows(table) == {
        ('accuracy', 'mIoU'): '71.25',
        ('accuracy', 'mAcc'): '-',
        ('FirstMetric [1]', 'area'): '0.1235',
        ('FirstMetric [1]', 'size'): '37',
        ('FirstMetric [1]', 'tiny'): '1.50e-07',
        ('FirstMetric [1]', 'shift'): '-12.35',
        ('OtherMetric [2]', 'area'): '-',
        ('LastMetric [3]', ''): '-',
    }
    rules = [line for line in table.splitlines() if line.startswith('+--')]
    assert len(rules) == 1 + 1 + 4  # above, below the titles and each group
    assert '[1] what a reader must know\n[2] no ground truth\n' in table
    for text in ('configs/a.py', 'a.pth', 'StreetToyDataset', '2026-11-22'):
        assert text in table.split('+--')[0]


def test_points_of_the_table_are_below_each_other():
    table = report_table(report_data(HEADER, reports()))
    lines = [line for line in table.splitlines() if line.startswith('|')]
    assert len({len(line) for line in lines}) == 1
    values = [line.rsplit('|', 2)[1] for line in lines[1:]]
    points = {value.index('.') for value in values if '.' in value}
    assert len(points) == 1


def test_figure_has_a_panel_for_each_curve_and_histogram():
    figure = draw_report(report_data(HEADER, reports()))
    assert [axes.get_title(loc='left') for axes in figure.axes] == [
        'First: deletion',
        'First: single',
        'First: scores',
        'First: local size',
        'First: by size',
        'First: classes',
        'First: one',
    ]
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels[:3] == ['concepts deleted', 'concepts deleted', 'score']
    assert all(axes.get_ylabel() for axes in figure.axes)
    deletion = figure.axes[0]
    for look in ('get_linestyle', 'get_marker', 'get_color'):
        assert len({getattr(line, look)() for line in deletion.lines}) == 2
    assert [text.get_text() for text in deletion.get_legend().texts] == [
        'a',
        'b',
    ]
    assert list(deletion.get_xticks()) == [0, 1, 2, 121]


def test_groups_of_different_sizes_are_drawn_as_shares():
    figure = draw_report(report_data(HEADER, reports()))
    scores, local_size, by_size = figure.axes[2:5]
    known, unknown = (patch.get_data().values for patch in scores.patches)
    assert known == pytest.approx([900 / 910, 10 / 910])
    assert unknown == pytest.approx([0, 0])
    first = local_size.patches[0].get_data()
    assert first.values == pytest.approx([3 / 7, 4 / 7])
    assert first.edges == pytest.approx([-0.5, 0.5, 1.5])
    heights = [bar.get_height() for bar in by_size.patches]
    assert heights == pytest.approx([3 / 1203, 0, 1200 / 1203, 0])
    assert [text.get_text() for text in by_size.texts] == ['1.2k', '0']


def test_a_report_without_curves_is_drawn():
    figure = draw_report(report_data(HEADER, dict(A=make_report({}))))
    assert figure.axes == []
    assert 'no curves or histograms' in figure.get_suptitle()


def overlapping(figure):
    """Pairs of texts of a figure that lie on each other."""
    figure.draw_without_rendering()
    texts = [figure._suptitle]
    for axes in figure.axes:
        texts += [axes.xaxis.label, axes.yaxis.label, *axes.texts]
        texts.append(axes._left_title)
        low, high = axes.get_xlim()
        texts += [
            label
            for place, label in zip(axes.get_xticks(), axes.get_xticklabels())
            if low <= place <= high  # others are not drawn
        ]
        legend = axes.get_legend()
        texts += legend.texts if legend else []
    boxes = [
        (text.get_text(), text.get_window_extent())
        for text in texts
        if text.get_text() and text.get_visible()
    ]
    return [
        (one, other)
        for i, (one, box) in enumerate(boxes)
        for other, beside in boxes[:i]
        if box.overlaps(beside)
    ]


def test_no_text_hides_another():
    assert overlapping(draw_report(report_data(HEADER, reports()))) == []


def test_odd_lengths_leave_the_panels_readable():
    steps = [0, 1, 2, 3, 5, 8, 13, 21, 34, 38]  # the last step is cut short
    odd = make_report(
        {},
        curves=dict(
            deletion=dict(
                x=steps, y=[0.0] * 10, x_label='deleted', y_label='probability'
            )
        ),
        histograms=dict(
            none=dict(labels=[], counts=[], x_label='class'),
            zeros=dict(labels=['car', 'bus'], counts=[0.0, 0.0], x_label='c'),
            many=dict(
                labels=[f'class {i}' for i in range(150)],
                counts=[1] * 150,
                x_label='class',
            ),
        ),
    )
    figure = draw_report(report_data(HEADER, dict(OddMetric=odd)))
    assert overlapping(figure) == []
    deletion, none, zeros, many = figure.axes
    widths = [axes.get_window_extent().width for axes in figure.axes]
    assert min(widths) > 0.15 * figure.bbox.width  # of four columns
    place = deletion.transData.transform
    first, second, *_, last = (place((x, 0))[0] for x in steps)
    assert second - first > 0.1 * (last - first)
    (text,) = none.texts
    assert text.get_text() == 'nothing measured'
    assert none.bbox.contains(*text.get_window_extent().max)
    assert zeros.get_ylim() == (0, 1)
    assert len(many.get_xticks()) < 40
