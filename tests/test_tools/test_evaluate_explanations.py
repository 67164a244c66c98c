"""tools/analysis_tools/evaluate_explanations.py as its users run it."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import jsonschema
import pytest
from mmengine.runner import Runner, save_checkpoint

import mmproto
from mmproto.evaluation.run import METRICS

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
TOOL = TOOLS / 'analysis_tools' / 'evaluate_explanations.py'
SCHEMA = Path(mmproto.__file__).parent / 'schemas'


@pytest.fixture
def files(tiny_config, tiny_model, tmp_path):
    """Config and checkpoint of the tiny model."""
    tiny_config.dump(tmp_path / 'tiny.py')
    checkpoint = dict(state_dict=tiny_model.state_dict(), meta={})
    save_checkpoint(checkpoint, str(tmp_path / 'tiny.pth'))
    return tmp_path


def evaluate(folder, *args):
    """Run the tool in a folder."""
    command = [sys.executable, TOOL, *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.smoke
def test_table_json_and_figure(files):
    out = ['--out', 'new/folder/report.json', '--interval', '2']
    run = evaluate(files, 'tiny.py', 'tiny.pth', *out)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-2:] == [
        'new/folder/report.json',
        'new/folder/report.png',
    ]

    data = json.loads((files / out[1]).read_text())
    schema = (SCHEMA / 'explanation_report.schema.json').read_text()
    jsonschema.Draft202012Validator(json.loads(schema)).validate(data)
    assert set(data['metrics']) == set(METRICS)
    assert data['num_images'] == 3
    assert data['classes'] == ['road', 'wall', 'car', 'sign']
    assert 0 <= data['accuracy']['mIoU'] <= 100

    named = [data['accuracy']]
    named += [report['scalars'] for report in data['metrics'].values()]
    cells = {cell.strip() for cell in run.stdout.split('|')}
    for name in [*METRICS, *(name for group in named for name in group)]:
        assert any(cell.partition(' [')[0] == name for cell in cells), name
    # every second of three images is looked at again
    notes = data['metrics']['StabilityMetric']['notes']
    assert any(note.startswith('2 images') for note in notes)
    picture = cv2.imread(str(files / 'new' / 'folder' / 'report.png'))
    assert min(picture.shape[:2]) > 300 and picture.std() > 0


def test_model_without_concepts_is_refused(files, tiny_config):
    tiny_config.model.pop('neck')
    tiny_config.model.decode_head = dict(
        type='ASPPHead',
        in_channels=128,
        in_index=3,
        channels=16,
        dilations=(1, 2),
        num_classes=4,
        norm_cfg=tiny_config.norm_cfg,
    )
    tiny_config.dump(files / 'tiny.py')
    run = evaluate(files, 'tiny.py', 'tiny.pth')
    assert run.returncode == 1
    assert 'Traceback' not in run.stderr
    message = run.stderr.splitlines()[-1]
    assert message.startswith('error:') and 'PrototypeHead' in message


@pytest.mark.parametrize(
    'args, named',
    [
        (['tiny.py', 'lost.pth'], 'lost.pth'),
        (['lost.py', 'tiny.pth'], 'lost.py'),
        (['tiny.py', 'tiny.pth', '--out', 'report.txt'], 'report.txt'),
        (
            ['tiny.py', 'tiny.pth', '--out', 'tiny.py/a.json'],
            'tiny.py/a.json cannot be written',
        ),
        (
            ['tiny.py', 'tiny.pth', '--out', 'folder.json'],
            'folder.json cannot be written',
        ),
        (['tiny.py', 'tiny.pth', '--interval', '0'], 'interval'),
    ],
)
def test_impossible_requests_are_named(files, monkeypatch, args, named):
    def no_test(runner):
        pytest.fail('the model was tested')

    monkeypatch.setattr(Runner, 'test', no_test)
    monkeypatch.setenv('LOCAL_RANK', '0')  # the tool sets it for good
    monkeypatch.chdir(files)
    (files / 'folder.json').mkdir()
    monkeypatch.setattr(sys, 'argv', [TOOL.name, *args])
    with pytest.raises(SystemExit, match=f'^error: .*{named}'):
        runpy.run_path(str(TOOL), run_name='__main__')
