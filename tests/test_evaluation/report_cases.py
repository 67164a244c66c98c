"""A report of every shape, for tests."""

from mmproto.evaluation.base import make_report
from mmproto.evaluation.report import ReportHeader

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
