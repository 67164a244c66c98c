"""tools/analysis_tools/compare.py with trainings that take no time."""

import json
import runpy
import sys
from pathlib import Path

import cv2
import pytest

TOOL = Path(__file__).resolve().parents[2] / 'tools/analysis_tools/compare.py'
HOOKS = """
data = {data!r}
train_dataloader = dict(
    batch_size=4, dataset=data, collate_fn=dict(type='pseudo_collate')
)
custom_hooks = [
    dict(type='mmproto.SparsifyHook', strength=0.2, begin=0.5),
    dict(type='mmproto.PrototypeProjectionHook', before=0.75, end=False),
]
"""
ROWS = dict(
    black_box=dict(remove_hooks=['PrototypeProjectionHook']),
    grouped=dict(
        after='scales', share=0.5, remove_hooks=['PrototypeProjectionHook']
    ),
    scales=dict(stage=True, share=0.5),
    views=dict(
        options={
            'train_dataloader.collate_fn': dict(
                type='mmproto.two_view_collate', second_views=1
            )
        }
    ),
)
COLUMNS = ['miou_before', 'miou', 'seconds_step', 'iterations']


@pytest.fixture
def compare(monkeypatch, write_sweep, tools, camvid, tmp_path):
    """The command, on a sweep of four rows and ten images."""
    with (tmp_path / 'base.py').open('a') as file:
        file.write(HOOKS.format(data=camvid(10)))
    sweep = write_sweep(ROWS, columns=COLUMNS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('signal.signal', lambda *_: None)
    command = 'mmproto.commands.compare'
    monkeypatch.setattr(f'{command}.config_path', lambda name: sweep)
    shipped = 'mmproto.commands.sweeps.shipped'
    monkeypatch.setattr(shipped, lambda name: tools)

    def run(*args, data='camvid'):
        given = ['compare.py', '--data', data, '--seeds', '0', '1', *args]
        monkeypatch.setattr(sys, 'argv', given)
        runpy.run_path(str(TOOL), run_name='__main__')

    return run


def cells(text):
    lines = [line for line in text.splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in ln.split('|')[1:-1]] for ln in lines]


def test_from_end_to_end(compare, tmp_path):
    # 16 * 10 / 4 = 40 iterations, 20 each of two stages, 32 at 5 samples
    compare('--budget', '16', '--out', 'out/both')
    data = json.loads(Path('out/both.json').read_text())
    lengths = dict(
        black_box=[(40, 4)], grouped=[(20, 4), (20, 4)], views=[(32, 5)]
    )
    assert data['budget'] == dict(
        epochs=16,
        images=10,
        stages={
            name: [dict(iterations=i, samples=s) for i, s in stages]
            for name, stages in lengths.items()
        },
    )
    assert data['missing'] == []
    assert data['command'] == (
        'python tools/analysis_tools/compare.py --data camvid --seeds 0 1 '
        '--budget 16 --out out/both'
    )
    # the pretended accuracy is the iteration of the checkpoint, the one
    # before projection 7.5
    expected = dict(
        black_box=(None, 40, 4, 40), grouped=(7.5, 20, 4, 40),
        views=(7.5, 32, 4, 32),
    )  # fmt: skip
    assert list(data['rows']) == list(expected)
    for name, seeds in data['rows'].items():
        assert list(seeds) == ['0', '1']
        for figures in seeds.values():
            assert tuple(figures[key] for key in COLUMNS) == expected[name]
    config = Path('work_dirs/comparison_camvid/views/seed1/config.py')
    config = runpy.run_path(str(config))
    assert config['train_cfg']['val_interval'] == 24  # of 32
    assert config['custom_hooks'][1]['before'] == 0.75
    assert config['randomness'] == dict(seed=1)

    text = Path('out/both.md').read_text()
    assert '* Budget: 16 epochs of 10 images' in text
    assert '40 x 4 (black_box); 20 x 4 + 20 x 4 (grouped)' in text
    assert [row[:5] for row in cells(text)[2:]] == [
        ['black_box', '2', '-', '40.00 ± 0.00', ''],
        ['grouped', '2', '7.50 ± 0.00', '20.00 ± 0.00', '-20.00 ± 0.00'],
        ['views', '2', '7.50 ± 0.00', '32.00 ± 0.00', '-8.00 ± 0.00'],
    ]
    assert cv2.imread('out/both.png').std() > 0

    # the same again: nothing is trained, the same is written
    before = Path('out/both.json').read_bytes(), text
    for tool in (tmp_path / 'tools').rglob('*.py'):
        tool.write_text('raise SystemExit(1)')
    compare('--budget', '16', '--out', 'out/both')
    after = Path('out/both.json').read_bytes(), Path('out/both.md').read_text()
    assert after == before
    with pytest.raises(SystemExit, match='error: row black_box, seed 0: work'):
        compare('--budget', '17')


def test_some_systems_and_failures(compare, tmp_path, capsys):
    args = ('--budget', '8', '--work-dir', 'work', '--systems', 'grouped')
    death = Path('work', 'scales', 'seed0', 'death')
    death.parent.mkdir(parents=True)
    death.write_text('4')
    names = 'scales, seed 0; grouped, seed 0$'
    with pytest.raises(SystemExit, match=f'error: 2 failed: {names}'):
        compare(*args)
    assert not Path('work', 'black_box').exists()
    data = json.loads(Path('comparison.json').read_text())
    assert data['missing'] == ['grouped, seed 0']
    assert list(data['rows']['grouped']) == ['1']
    text = Path('comparison.md').read_text()
    assert '* Not there yet: grouped, seed 0' in text
    death.unlink()
    capsys.readouterr()
    compare(*args, '--list')
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith('scales, seed 0: failed: exit code -9')
    assert out[1:] == [
        'scales, seed 1: done',
        'grouped, seed 0: failed: there is no work/scales/seed0/iter_10.pth '
        'to start from',
        'grouped, seed 1: done',
    ]
    compare(*args)
    data = json.loads(Path('comparison.json').read_text())
    assert data['missing'] == []


@pytest.mark.parametrize(
    ('args', 'named'),
    [
        ([], 'black_box: 40 x 4; grouped: 40 x 4 .* views: 40 x 5'),
        (['--budget', '0'], '--budget must be above 0, got 0'),
        (['--budget', '-1'], '--budget .*-1'),
        (['--budget', 'nan'], '--budget .*nan'),
        (
            ['--budget', '1'],
            'row scales: .*before=0.75.* ends at 2.*train longer',
        ),
        (['--systems', 'lost'], 'no lost; .*black_box, grouped, views'),
        (['--systems', 'scales'], 'no scales; '),
        (['--seeds', '-1'], 'seeds'),
    ],
)
def test_impossible_requests_are_named(compare, args, named):
    with pytest.raises(SystemExit, match=f'^error: .*{named}'):
        compare(*args)
    assert not Path('work_dirs').exists()
    assert not Path('comparison.md').exists()


def test_own_lengths_of_equal_systems(compare, capsys):
    # without those that see more
    compare('--systems', 'views', '--list')
    assert capsys.readouterr().out.count('missing') == 2
    with pytest.raises(SystemExit, match='black_box: 40 x 4; views: 40 x 5'):
        compare('--systems', 'views', 'black_box', '--list')


def test_missing_data_names_its_converter(compare, tmp_path):
    (tmp_path / 'camvid10' / 'img_dir').rename(tmp_path / 'moved')
    text = 'img_dir/train is missing.*tools/dataset_converters/camvid.py'
    with pytest.raises(SystemExit, match=text):
        compare('--budget', '16')


def test_unknown_data(compare, capsys):
    with pytest.raises(SystemExit):
        compare(data='other')
    assert "invalid choice: 'other'" in capsys.readouterr().err
