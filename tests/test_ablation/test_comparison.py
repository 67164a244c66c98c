"""What is written of a comparison, against numbers by hand."""

from types import SimpleNamespace

import pytest

from mmproto.ablation.comparison import comparison_data, comparison_text

COLUMNS = ['miou_before', 'miou', 'seconds_step', 'memory_mb', 'consistency']
LENGTHS = {
    'black_box': [dict(iterations=75, samples=8)],
    'staged': [dict(iterations=38, samples=8), dict(iterations=37, samples=8)],
    'other': [dict(iterations=75, samples=8)],
}


def record(row, seed, date='2026-01-02', cores=2, **figures):
    return dict(
        row=row,
        seed=seed,
        date=date,
        machine=dict(cpu='Fast', cores=cores, threads=1),
        versions=dict(mmproto='1.0', torch='2.0'),
        figures=figures,
    )


def run(row, seed, stage=False):
    named = SimpleNamespace(name=row, stage=stage)
    return SimpleNamespace(row=named, seed=seed, name=f'{row}, seed {seed}')


RECORDS = [
    record('black_box', 0, miou=50.0, seconds_step=1.0, memory_mb=1000.4),
    record('black_box', 1, miou=54.0, seconds_step=3.0, memory_mb=1001.4),
    record('staged', 0, '2026-01-04', miou=49.0, miou_before=51.0),
    record('staged', 1, '2026-01-03', cores=4, miou=48.0, consistency=0.25),
]
RUNS = [run(row, seed) for row in LENGTHS for seed in (0, 1)]
RUNS.append(run('first', 0, stage=True))


def test_data():
    data = comparison_data(RECORDS, RUNS, LENGTHS, 300, 2.0, 'compare it')
    assert data == dict(
        command='compare it',
        dates=['2026-01-02', '2026-01-03', '2026-01-04'],
        machines=[
            dict(cpu='Fast', cores=2, threads=1),
            dict(cpu='Fast', cores=4, threads=1),
        ],
        versions=[dict(mmproto='1.0', torch='2.0')],
        budget=dict(
            epochs=2.0,
            images=300,
            stages=dict(
                black_box=[dict(iterations=75, samples=8)],
                staged=[
                    dict(iterations=38, samples=8),
                    dict(iterations=37, samples=8),
                ],
                other=[dict(iterations=75, samples=8)],
            ),
        ),
        seeds=[0, 1],
        missing=['other, seed 0', 'other, seed 1'],
        rows=dict(
            black_box={0: RECORDS[0]['figures'], 1: RECORDS[1]['figures']},
            staged={0: RECORDS[2]['figures'], 1: RECORDS[3]['figures']},
        ),
    )
    own = comparison_data(RECORDS, RUNS, LENGTHS, 240, None, '')
    assert own['budget']['epochs'] == 2.5  # 600 samples


def test_text():
    data = comparison_data(RECORDS, RUNS, LENGTHS, 300, 2.0, 'compare it')
    head, table = comparison_text(data, COLUMNS, 'a.png').split('\n\n', 1)
    assert head.splitlines() == [
        '* Command: `compare it`',
        '* Date: 2026-01-02 to 2026-01-04',
        '* Machine: cpu Fast, cores 2, threads 1; '
        'cpu Fast, cores 4, threads 1',
        '* Versions: mmproto 1.0, torch 2.0',
        '* Budget: 2 epochs of 300 images; iterations x samples per step: '
        '75 x 8 (black_box, other); 38 x 8 + 37 x 8 (staged)',
        '* Seeds: 0, 1',
        '* Not there yet: other, seed 0; other, seed 1',
    ]
    rows = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in table.splitlines()
        if line.startswith('|')
    ]
    assert rows == [
        [
            'row',
            'seeds',
            'mIoU before projection [%]',
            'mIoU [%]',
            'minus black_box',
            'seconds per step',
            'peak memory [MB]',
            'consistency',
        ],
        ['---'] + ['---:'] * 7,
        [
            'black_box',
            '2',
            '-',
            '52.00 ± 2.83',
            '',
            '2.00 ± 1.41',
            '1001 ± 1',
            '-',
        ],
        # differences -1 and -6
        [
            'staged',
            '2',
            '51.00 (n=1)',
            '48.50 ± 0.71',
            '-3.50 ± 3.54',
            '-',
            '-',
            '0.250 (n=1)',
        ],
    ]
    assert table.rstrip().endswith('![accuracy against sparsity](a.png)')


@pytest.mark.parametrize('dates', [['2026-01-02'], ['2026-01-02'] * 2])
def test_one_day_complete(dates):
    records = [record('a', seed, date) for seed, date in enumerate(dates)]
    records[0]['machine']['gpu'] = 'Faster'
    runs = [run('a', seed) for seed in range(len(dates))]
    lengths = dict(a=[dict(iterations=1, samples=2)])
    data = comparison_data(records, runs, lengths, 2, 1.5, '')
    text = comparison_text(data, ['miou'], 'a.png')
    assert '* Date: 2026-01-02\n' in text
    assert '* Machine: cpu Fast, cores 2, threads 1, gpu Faster' in text
    assert 'Not there' not in text
    assert '1.5 epochs of 2 images' in text
