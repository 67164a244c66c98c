"""The files of an explanation: true, complete and the same every time."""

import csv
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmproto.explanations.explanation import ConceptEvidence, Explanation
from mmproto.explanations.record import explanation_record
from mmproto.utils.origin import Origin
from mmproto.visualization.explanation_files import save_explanation

ROOT = Path(__file__).parents[2]
FILES = [
    'card.md',
    'card.pdf',
    'card.png',
    'explanation.csv',
    'explanation.json',
    'explanation.png',
]
WEIGHTS = np.array([[2, 0, 0.5, 0], [1, 3, 0, 0], [0, 0, 0.25, 0]])  # C,K
ACTIVATIONS = np.array([0.5, 0.1, 0.4, 0.3])
# what the tool lists and explains, in a process of its own
SCRIPT = """
import sys
from mmengine.config import Config
from mmengine.runner import Runner
import mmproto
from mmseg.apis import init_model
from mmproto.explanations.concepts import concept_usage, list_concepts
from mmproto.models.facts import ModelFacts
from mmproto.visualization.concept_pages import save_concepts

config, checkpoint, image, out = sys.argv[1:]
model = init_model(config, checkpoint, 'cpu')
mmproto.save_explanation(mmproto.explain(model, image), out)
cfg = Config.fromfile(config).val_dataloader
facts = ModelFacts.of(model)
usage = concept_usage(facts, Runner.build_dataloader(cfg))
save_concepts(list_concepts(facts, usage), facts, usage, out)
"""


@pytest.fixture
def explanation():
    """Concepts 0 and 2 speak for the winner, concept 3 for nobody."""
    found = Explanation(
        image='a b.png',
        pixels=np.zeros((8, 12, 3), np.uint8),
        point=(5, 4),
        prediction=np.zeros((8, 12), int),
        classes=['road', '=SUM(A1)', 'a, "b"\nc'],
        palette=[(0, 0, 0)] * 3,
        evidence=WEIGHTS @ ACTIVATIONS,
        probabilities=np.array([0.6, 0.35, 0.05]),
        activations=ACTIVATIONS,
        class_weights=WEIGHTS,
        coverage=0.95,
        names={2: 'left | rear wheel'},
    )
    for concept in found.needed_concepts():
        item = ConceptEvidence(concept, 1, 6, np.zeros((8, 12)))
        found.concepts.append(item)
    return found


def read_table(path):
    with path.open(encoding='utf-8', newline='') as file:
        return list(csv.reader(file))


def test_columns_of_the_table_sum_to_the_evidence(explanation, tmp_path):
    save_explanation(explanation, tmp_path)
    header, *rows = read_table(tmp_path / 'explanation.csv')
    first = ['concept', 'name', 'activation', 'scale', 'dilation']
    assert header == [*first, 'road', "'=SUM(A1)", 'a, "b"\nc']
    # concept 3 contributes to no class
    assert [row[0] for row in rows] == ['0', '2', '1', 'sum', 'evidence']
    assert rows[0][:5] == ['0', '', '0.5', '1', '6']
    assert rows[1][1] == 'left | rear wheel'
    assert rows[2][3:5] == ['', '']  # not explained, so not known
    for column in range(3):
        numbers = [float(row[5 + column]) for row in rows]
        for row, number in zip(rows[:3], numbers):
            k = int(row[0])
            assert number == WEIGHTS[column, k] * ACTIVATIONS[k]
        assert numbers[3] == pytest.approx(sum(numbers[:3]), rel=1e-15)
        assert numbers[4] == explanation.evidence[column]


def test_names_stand_in_sentence_and_json(explanation):
    assert explanation.sentence() == (
        'road 0.60 here because of concept 0 (1.00) and left | rear wheel '
        '(concept 2, 0.20); runner-up =SUM(A1) 0.35'
    )
    data = explanation_record(explanation)
    names = {0: None, 1: None, 2: 'left | rear wheel'}
    for item in data['concepts'] + data['contributions']:
        assert item['name'] == names[item['concept']]
    assert [item['concept'] for item in data['contributions']] == [0, 2, 1]


def test_card_in_markdown(explanation, tmp_path):
    checkpoint = tmp_path / 'it is.pth'
    checkpoint.write_bytes(b'weights')
    explanation.classes[0] = 'a|b <i>$x$</i> `~~*c*\n# d'
    origin = Origin('my config.py', str(checkpoint))
    save_explanation(explanation, tmp_path, origin)
    text = (tmp_path / 'card.md').read_text(encoding='utf-8')
    name = r'a\|b &lt;i>\$x\$&lt;/i> \`\~\~\*c\* \# d'
    assert text.startswith(f'# {name} at x=5, y=4\n')
    assert '](card.png)' in text
    rows = [line for line in text.splitlines() if line.startswith('| ')]
    cells = [row.replace(r'\|', '').split('|')[1:-1] for row in rows]
    assert [len(row) for row in cells] == [5] * 6
    assert rows[2:] == [
        rf'| 0 |  | 1.000 | 0.5 x 2 | {name} 2.00, =SUM(A1) 1.00 |',
        r'| 2 | left \| rear wheel | 0.200 | 0.4 x 0.5 | '
        rf'{name} 0.50, a, "b" c 0.25 |',
        '| all other concepts (0) and rounding |  | 0.000 |  |  |',
        '| **sum = evidence** |  | **1.200** |  |  |',
    ]
    # echo -n weights | sha256sum
    assert 'SHA-256 of the checkpoint: `9a129038d9a00aed0cf6a7ea059c' in text
    command = shlex.split(text.splitlines()[-1])
    assert command == [
        *('mmproto', 'explain', 'my config.py', str(checkpoint)),
        *('a b.png', '--point', '5', '4'),
    ]


def test_card_leaves_out_what_is_not_known(explanation, tmp_path):
    explanation.image = None
    save_explanation(explanation, tmp_path)
    text = (tmp_path / 'card.md').read_text(encoding='utf-8')
    assert 'Image:' not in text and 'SHA-256' not in text
    assert 'explain.py' not in text


@pytest.mark.parametrize('field', ['evidence', 'probabilities'])
def test_nothing_is_written_of_numbers_that_are_none(
    explanation, tmp_path, field
):
    getattr(explanation, field)[2] = np.nan
    with pytest.raises(ValueError):
        save_explanation(explanation, tmp_path / 'out')
    assert not list(tmp_path.glob('out/*'))


def test_missing_checkpoint_is_said_before_anything_is_written(
    explanation, tmp_path
):
    with pytest.raises(FileNotFoundError, match=r'gone\.pth'):
        save_explanation(
            explanation, tmp_path / 'out', Origin('c.py', 'gone.pth')
        )
    assert not (tmp_path / 'out').exists()


@pytest.mark.smoke
def test_fresh_processes_write_the_same_bytes(
    trained, run, tiny_data, tmp_path
):
    checkpoint = run('project.py', *trained, '--topk', 2)[-1]
    folder = tiny_data / 'leftImg8bit' / 'val' / 'town'
    image = sorted(folder.iterdir())[0]
    outs = [tmp_path / 'first', tmp_path / 'second']
    processes = [
        subprocess.Popen(
            [sys.executable, '-c', SCRIPT, trained[0], checkpoint, image, out],
            # order of sets and dicts of strings; threads as the promise says
            env={
                **os.environ,
                'PYTHONHASHSEED': str(seed),
                'OMP_NUM_THREADS': '1',
                'PYTHONPATH': os.pathsep.join(
                    [str(ROOT), os.environ.get('PYTHONPATH', '')]
                ),
            },
        )
        for seed, out in enumerate(outs, 1)
    ]
    assert [process.wait() for process in processes] == [0, 0]
    first, second = (
        {file.name: file.read_bytes() for file in out.iterdir()}
        for out in outs
    )
    names = ['concepts.csv', 'concepts.json', 'concepts_01.png', *FILES]
    assert sorted(first) == sorted(names) and first == second
    data = json.loads(first['explanation.json'])
    assert data['concepts'] and data['image'] == str(image)
    assert cv2.imread(str(outs[0] / 'card.png')).shape[1] == 990
