"""The card of a model."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from surrogates import LINE, RECORD

from mmproto.model_card.card import make_card
from mmproto.model_card.facts import CardFacts, data_sets
from mmproto.models.surrogate_record import Surrogate

TOOLS = Path(__file__).parents[2] / 'tools'
REPORT = dict(
    version=1,
    config='/home/somebody/config.py',
    checkpoint='/home/somebody/model.pth',
    data_set='mmproto.CamVidDataset',
    num_images=101,
    classes=['road', 'tram|bus', '_wall_'],
    date='2026-11-27',
    accuracy={
        'mIoU': 52.509998,
        'aAcc': 87.9,
        'IoU.road': 90.0,
        'IoU.tram|bus': 3.14159,
        'IoU._wall_': None,
    },
    mmproto='0.1.0',
    metrics=dict(
        FaithfulnessMetric=dict(
            scalars=dict(completeness_error_max=1.23456789e-7),
            notes=['first', 'second'],
        ),
        PurityMetric=dict(
            scalars=dict(class_purity_used=0.92407, part_purity_used=None),
            notes=['no part labels: <none>'],
        ),
    ),
)


def place(prototype, image, similarity):
    patch = dict(image=image, similarity=similarity)
    return dict(prototype=prototype, concept=prototype // 2, patches=[patch])


@pytest.fixture
def facts():
    return CardFacts(
        name='proto_camvid',
        checkpoint='model.pth',
        sha256='ab' * 32,
        training_data=['CamVid'],
        prototypes_per_concept=2,
        class_weights=[
            [1.5, 0.0, 0.0, 0.25],
            [0.25, 0.0, 0.0, -2.0],
            [0.0, 0.0, 0.0, 0.0],
        ],
        names={0: 'kerb | <b>', 2: 'gone'},
        disabled=[2],
        projection=dict(
            prototypes=[
                place(0, '/home/somebody/a.png', 0.5),
                place(1, '/home/somebody/b_1.png', 0.9),
                place(6, 'c.png', 0.1),
                dict(prototype=7, concept=3, patches=[]),
            ]
        ),
        report=REPORT,
    )


def rows(card):
    """Split all rows of tables into cells, as GitHub would."""
    lines = [line for line in card.split('\n') if line.startswith('| ')]
    hidden = (line.replace('\\|', '\0').strip('| ') for line in lines)
    return [
        [cell.strip().replace('\0', '|') for cell in line.split('|')]
        for line in hidden
    ]


def test_everything_is_said(facts):
    card = make_card(facts)
    table = rows(card)
    assert ['**mIoU**', '52.51'] in table and ['road', '90.00'] in table
    assert ['tram|bus', '3.14'] in table and ['\\_wall\\_', '-'] in table
    values = {row[2]: row[1] for row in table if len(row) == 3}
    assert values['`PurityMetric.class_purity_used`'] == '0.9241'
    assert values['`PurityMetric.part_purity_used`'] == '-'
    assert values['`DiversityMetric.dead`'] == '-'
    assert values['`FaithfulnessMetric.completeness_error_max`'] == '1.235e-07'
    assert table[-2] == [
        '0',
        'kerb | &lt;b>',
        'road 1.50, tram|bus 0.25',
        'b_1.png',
    ]
    assert table[-1] == ['3', '', 'tram|bus -2.00, road 0.25', 'c.png']
    assert '2 of 4 concepts' in card and 'Disabled by hand: 2.' in card
    assert 'hardly finds: tram\\|bus (3.14 %).' in card
    assert (
        '\n\n* FaithfulnessMetric: first\n* FaithfulnessMetric: second\n'
        '* PurityMetric: no part labels: &lt;none>\n\n## Concepts\n' in card
    )
    assert '\n\n\n' not in card
    titles = [line for line in card.split('\n') if line.startswith('#')]
    assert titles == [
        '# proto_camvid',
        '## Data',
        '## Intended use',
        '## Accuracy',
        '## Explanations',
        '## Concepts',
        '## Limits',
    ]
    assert 'somebody' not in card
    assert make_card(facts) == card == make_card(facts, card)


def test_hugging_face_reads_it(facts, tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        pytest.fail('the network was asked')

    monkeypatch.setattr('socket.socket.connect', no_network)
    path = tmp_path / 'README.md'
    path.write_text(make_card(facts), encoding='utf-8')
    data = ModelCard.load(path).data
    assert data.library_name == 'mmproto' and data.model_name == facts.name
    assert data.pipeline_tag == 'image-segmentation'
    found = {r.metric_type: r.metric_value for r in data.eval_results}
    assert found == dict(mean_iou=0.5251, accuracy=0.879)
    assert {r.dataset_name for r in data.eval_results} == {'CamVid'}
    nothing = replace(facts, report=dict(REPORT, accuracy={}))
    card = ModelCard(make_card(nothing))
    assert card.data.eval_results is None
    assert 'no IoU of single classes' in card.text


def test_what_people_wrote_stays(facts):
    old = make_card(facts)
    written = 'Für die Forschung.\n\n---\n\n* not for | cars\n'
    old = old.replace('Say here where the data comes from.', written)
    old = old.replace('- prototypes', '- mine')
    old = old.replace('---\n', '---\nlicense: cc-by-4.0\nextra: "a---"\n', 1)
    old = old.replace(
        '## Limits',
        '<!-- hand-written: thanks -->\nTo all.\n<!-- end of thanks -->\n\n'
        '## Limits\n\nnot in a block',
    )
    new = make_card(replace(facts, sha256='cd' * 32), old)
    assert f'<!-- hand-written: data -->\n{written}\n<!-- end of' in new
    assert new.endswith('To all.\n<!-- end of thanks -->\n')
    assert 'not in a block' not in new and 'ab' * 32 not in new
    head = ModelCard(new).data
    assert (head['license'], head['extra']) == ('cc-by-4.0', 'a---')
    assert 'prototypes' in head['tags'] and 'mine' not in head['tags']
    assert make_card(replace(facts, sha256='cd' * 32), new) == new
    for broken, said in (('a: [', 'while parsing'), ('- a', 'be a dict')):
        with pytest.raises(ValueError, match=f'cannot be kept: .*{said}'):
            make_card(facts, f'---\n{broken}\n---\n')


def test_data_sets_within_others():
    inner = dict(type='mmproto.CamVidDataset')
    assert data_sets(inner) == ['CamVid']
    assert data_sets(dict(type='BaseSegDataset')) == ['BaseSegDataset']
    several = dict(
        type='ConcatDataset', datasets=[inner, dict(type='A'), inner]
    )
    assert data_sets(dict(type='RepeatDataset', dataset=several)) == [
        'CamVid',
        'A',
    ]


@pytest.fixture
def report(trained, tmp_path):
    """Write a report of the tiny model, with the IoU of single classes."""
    names = ('road', 'wall', 'car', 'sign')
    path = tmp_path / 'report.json'
    accuracy = dict({f'IoU.{n}': 50.0 for n in names}, mIoU=50.0)
    path.write_text(json.dumps(dict(REPORT, classes=names, accuracy=accuracy)))
    return path


def test_the_tool(trained, run, report, tmp_path):
    config, checkpoint = trained
    edited = run(
        'edit_concepts.py',
        *(*trained, '--rename', 6, 'kerb', '--by', 'A', '--reason', 'r'),
    )[-1]
    out = tmp_path / 'new' / 'README.md'
    command = 'model_card.py', config, edited, '--report', report
    assert run(*command, '--out', out)[-1] == str(out)
    card = out.read_text(encoding='utf-8')
    assert hashlib.sha256(Path(edited).read_bytes()).hexdigest() in card
    assert 'Trained on: BaseSegDataset' in card and str(tmp_path) not in card
    (row,) = [row for row in rows(card) if row[0] == '6']
    assert row[1:3] == ['kerb', 'road 12.29, wall 3.68, sign 1.29']
    before = out.read_bytes()
    run(*command, '--out', out)
    assert out.read_bytes() == before


def test_refusals(trained, run, report, tmp_path):
    def refuse(message, *changes):
        options = dict(zip(('--report', '--out'), (report, out)))
        options.update(changes)
        arguments = [part for item in options.items() for part in item]
        with pytest.raises(SystemExit, match=f'^error: .*{message}'):
            run('model_card.py', *trained, *arguments)

    out = tmp_path / 'README.md'
    refuse('no report at nowhere', ('--report', 'nowhere.json'))
    refuse('is no report', ('--report', trained[0]))
    data = json.loads(report.read_text())
    report.write_text(json.dumps(data | dict(version=2)))
    refuse('has version 2, expected 1')
    report.write_text(json.dumps(data | dict(classes=['a'])))
    refuse("about another model: its classes are \\['a'\\]")
    assert not out.exists()
    report.write_text(json.dumps(data | dict(sha256='0' * 64)))
    refuse('about another checkpoint, of SHA-256 000')
    report.write_text(json.dumps(data))
    out.write_text('# The work of a year')
    refuse('is no card of')
    assert out.read_text() == '# The work of a year'


def test_a_report_with_the_command_that_the_card_names(trained, run, tmp_path):
    config, checkpoint = trained
    tool = TOOLS / 'analysis_tools' / 'evaluate_explanations.py'
    measure = [sys.executable, tool, config, checkpoint, '--interval', '9']
    measure += ['--out', tmp_path / 'real.json']
    subprocess.run(measure, cwd=tmp_path, check=True, capture_output=True)
    out = tmp_path / 'README.md'
    report = '--report', tmp_path / 'real.json'
    run('model_card.py', *trained, *report, '--out', out)
    card = out.read_text(encoding='utf-8')
    assert 'no IoU of single classes' not in card
    measured = json.loads((tmp_path / 'real.json').read_text())
    digest = hashlib.sha256(Path(checkpoint).read_bytes()).hexdigest()
    assert measured['sha256'] == digest
    accuracy = measured['accuracy']
    values = {row[0]: row[1] for row in rows(card)}
    for name in ('road', 'wall', 'car', 'sign'):
        iou = accuracy[f'IoU.{name}']
        assert values[name] == ('-' if iou is None else f'{iou:.2f}')


def test_a_surrogate_says_so(facts):
    assert 'stand-in' not in make_card(facts)
    assert 'surrogate' not in make_card(facts)
    record = RECORD | dict(classes={'tram|bus': 0.5, 'road': None})
    found = replace(facts, surrogate=Surrogate.read(record))
    card = make_card(found)
    assert f'stand-in for another model, fcn_street: {LINE}.\n\n<!--' in card
    table = rows(card)
    assert ['tram|bus', '50.0 %'] in table and ['road', '-'] in table
    assert make_card(found, card) == card
