"""The table against numbers computed by hand."""

from mmproto.ablation.table import Spread, markdown_table, over_seeds

RESULTS = {
    'black_box': {
        0: dict(miou=50.0, exact_zeros=None),
        1: dict(miou=54.0, exact_zeros=None),
    },
    'final': {
        0: dict(miou=51.0, exact_zeros=0.9, iou_road=80.04),
        1: dict(miou=52.0, exact_zeros=0.97, iou_road=90.04),
        2: dict(miou=53.0, exact_zeros=None, iou_road=None),
    },
    'lone': {5: dict(miou=49.0, exact_zeros=0.00001)},
}


def cells(text):
    lines = [line for line in text.splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in ln.split('|')[1:-1]] for ln in lines]


def test_table_by_hand():
    text = markdown_table(RESULTS, ['exact_zeros', 'miou', 'iou_road'])
    header, line, *rows = cells(text)
    assert header == [
        'row',
        'seeds',
        'exact zeros',
        'mIoU [%]',
        'minus black_box',
        'IoU road [%]',
    ]
    assert line == ['---'] + ['---:'] * 5
    assert rows == [
        # deviations of samples: sqrt(8 / 1), sqrt(2 / 2)
        ['black_box', '2', '-', '52.00 ± 2.83', '', '-'],
        # of zeros 0.07 / sqrt(2); differences 1 and -2: -0.5 ± 3 / sqrt(2)
        [
            'final',
            '3',
            '0.935 ± 0.049 (n=2)',
            '52.00 ± 1.00',
            '-0.50 ± 2.12 (n=2)',
            '85.0 ± 7.1 (n=2)',
        ],
        ['lone', '1', '1e-05', '49.00', '-', '-'],
    ]


def test_usual_columns_are_those_with_numbers():
    header = cells(markdown_table({'a': RESULTS['final']}))[0]
    assert header == ['row', 'seeds', 'mIoU [%]', 'exact zeros']


def test_gain_has_a_sign():
    results = {'black_box': {0: dict(miou=50.0)}, 'a': {0: dict(miou=51.0)}}
    assert cells(markdown_table(results))[-1] == ['a', '1', '51.00', '+1.00']


def test_spread():
    assert over_seeds([None, None]) is None
    assert over_seeds([None, 3.0]) == Spread(3.0, None, 1)
    assert over_seeds([1.0, 3.0, 5.0]) == Spread(3.0, 2.0, 3)
