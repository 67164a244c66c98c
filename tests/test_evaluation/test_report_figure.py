"""The figure of a report shows every curve, legibly."""

from dataclasses import replace

import pytest
from report_cases import HEADER, reports
from surrogates import LINE

from mmproto.evaluation.base import make_report
from mmproto.evaluation.report import report_data
from mmproto.evaluation.report_figure import draw_report


def title(axes):
    """Title of a panel: of its legend, if it has one."""
    legend = axes.get_legend()
    return legend.get_title() if legend else axes._left_title


def test_figure_has_a_panel_for_each_curve_and_histogram():
    figure = draw_report(report_data(HEADER, reports()))
    assert [title(axes).get_text() for axes in figure.axes] == [
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
        texts.append(title(axes))
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


def test_long_names_in_legends_stay_in_their_panels():
    names = ['class purity', 'part purity (none)', 'pipnet part purity (none)']
    curves = {
        kind: dict(x=[0, 1], y={name: [0.0, 1.0] for name in names})
        | dict(x_label='concepts', y_label='share')
        for kind in ('a', 'b', 'c', 'd')
    }
    curves['d']['y'] = {name: [0.0, 1.0] for name in 'abc'}
    report = make_report({}, curves=curves)
    figure = draw_report(report_data(HEADER, dict(PurityMetric=report)))
    assert overlapping(figure) == []
    for axes in figure.axes:
        box = axes.get_legend().get_window_extent()
        assert box.x1 <= axes.bbox.x1 + 0.05 * axes.bbox.width
    tops = [text.get_window_extent().y0 for text in axes.get_legend().texts]
    assert max(tops) - min(tops) < 5  # short names share a line


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


def test_a_surrogate_says_so():
    header = replace(HEADER, surrogate=dict(sentence=LINE))
    figure = draw_report(report_data(header, reports()))
    first, second = figure.get_suptitle().splitlines()
    assert first == draw_report(
        report_data(HEADER, {})
    ).get_suptitle().replace(': no curves or histograms', '')
    assert second == LINE
    assert overlapping(figure) == []
