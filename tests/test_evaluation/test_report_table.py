"""The table of a report holds every number."""

from report_cases import HEADER, reports

from mmproto.evaluation.report import report_data
from mmproto.evaluation.report_table import report_table


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
