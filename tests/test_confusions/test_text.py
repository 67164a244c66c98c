"""What the list says, and that no name breaks it."""

import csv

import pytest

from mmproto.confusions.markdown import markdown
from mmproto.confusions.table import COLUMNS, write_csv
from mmproto.confusions.text import sentence

HOSTILE = 'a|b\n# *c* [d](e) `f` <script> $g$'


def make_row(truth='Sidewalk', predicted='Road', concept=17, pixels=5321):
    return dict(
        truth={'class': 1, 'name': truth},
        predicted={'class': 0, 'name': predicted},
        concept=concept,
        pixels=pixels,
        share=0.032,
        images=40,
        mean_part=2.5,
        mean_margin=1.25,
        pair_pixels=6202,
        pair_mended=1204,
        places=[dict(image='data/a (1).png', box=[10, 20, 30, 25], pixels=88)],
    )


def make_data(truth='Sidewalk', predicted='Road', name='kerb'):
    weights = [
        {'class': 0, 'name': predicted, 'weight': 12.29},
        {'class': 1, 'name': truth, 'weight': 3.68},
    ]
    return dict(
        config='my config.py',
        checkpoint='model.pth',
        split='val',
        classes=[predicted, truth],
        num_images=50,
        labelled_pixels=1_000_000,
        wrong_pixels=166_281,
        concepts=[
            dict(
                concept=17,
                name=name,
                class_weights=weights,
                led=5321,
                mended=1500,
                broken=88,
            )
        ],
        confusions=[
            make_row(truth, predicted),
            make_row(truth, predicted, None, 1) | dict(images=1),
        ],
        notes=[],
    )


def test_sentence():
    data = make_data()
    first, second = data['confusions']
    assert sentence(data, first) == (
        'Sidewalk taken for Road: 5,321 pixels (3.2% of all wrong pixels) in '
        "40 images, led by concept 17 'kerb' (Road 12.29, Sidewalk 3.68). "
        'There, it gives Road 2.5 more than Sidewalk on average, and Road '
        'leads by 1.25. Without concept 17, 1,204 of all 6,202 Sidewalk '
        'pixels taken for Road would be right; over all classes 1,500 wrong '
        'pixels would become right, and 88 that are right now would be wrong.'
    )
    assert sentence(data, second) == (
        'Sidewalk taken for Road: 1 pixel (3.2% of all wrong pixels) in 1 '
        'image, led by no concept: none speaks more for Road than for '
        'Sidewalk, and of equal classes the first one wins.'
    )


def test_list(tmp_path):
    text = markdown(make_data(), tmp_path, ['confusion_01.png', 'b.png'])
    lines = text.splitlines()
    assert "## 1. Sidewalk taken for Road, led by concept 17 'kerb'" in lines
    assert '## 2. Sidewalk taken for Road, led by no concept' in lines
    assert sentence(make_data(), make_row()) in lines
    assert '[Contact sheet](confusion_01.png). Largest places:' in lines
    assert (
        "mmproto edit 'my config.py' model.pth --disable 17 "
        '--by "" --reason ""'
    ) in lines
    assert text.count('mmproto edit') == 1  # not for no concept
    place = next(line for line in lines if line.startswith('* ['))
    assert place.startswith('* [a (1).png](./') and 'a%20%281%29.png)' in place
    assert place.endswith(': x 10 to 29, y 20 to 24, 88 wrong pixels')
    assert "| concept 17 'kerb' | Road 12.29, Sidewalk 3.68 | 5,321 | " in text
    assert '| 1,500 | 88 | +1,412 |' in text


def test_links_lead_from_the_list_to_the_image(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / 'work' / 'out'
    folder.mkdir(parents=True)
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'a (1).png').touch()
    text = markdown(make_data(), folder, ['confusion_01.png'])
    assert '](./../../data/a%20%281%29.png)' in text


@pytest.mark.parametrize('name', [HOSTILE, 'x' * 500, '', '17', '- [ ] a'])
def test_no_name_breaks_the_list(tmp_path, name):
    sheets = ['confusion_01.png', 'confusion_02.png']
    plain = markdown(make_data(), tmp_path, sheets).splitlines()
    data = make_data(name, name, name)
    data['notes'] = [f'note {name}']
    lines = markdown(data, tmp_path, sheets).splitlines()
    kinds = [line[:2] for line in lines if line[:2] in ('##', '| ', '* ')]
    notes = [line for line in lines if line.startswith('* note')]
    assert len(notes) == 1
    expected = [line[:2] for line in plain if line[:2] in ('##', '| ', '* ')]
    assert kinds == ['* ', *expected]
    (row,) = [line for line in lines if line.startswith('| concept 17')]
    assert row.replace('\\|', '').count('|') == 8
    assert '<script' not in '\n'.join(lines)
    for sign in '*`[':
        text = '\n'.join(line for line in lines if 'taken for' in line)
        assert text.count(sign) == text.count(f'\\{sign}')


def test_table_is_read_back(tmp_path):
    data = make_data(HOSTILE, 'a,b"c', 'n,"')
    write_csv(data, tmp_path / 'a.csv')
    with open(tmp_path / 'a.csv', newline='', encoding='utf-8') as file:
        header, first, second = csv.reader(file)
    assert header == list(COLUMNS)
    row = dict(zip(header, first))
    assert (row['truth'], row['predicted']) == (HOSTILE, 'a,b"c')
    assert (row['concept'], row['concept_name']) == ('17', 'n,"')
    assert (row['pixels'], row['pair_mended']) == ('5321', '1204')
    assert (row['concept_mended'], row['concept_broken']) == ('1500', '88')
    row = dict(zip(header, second))
    assert (row['concept'], row['concept_mended']) == ('', '')


def test_nothing_wrong_and_nothing_labelled(tmp_path):
    data = make_data() | dict(wrong_pixels=0, confusions=[])
    assert '1,000,000 labelled pixels, none of them wrong.' in markdown(
        data, tmp_path, []
    )
    data['labelled_pixels'] = 0
    assert 'so nothing can be wrong.' in markdown(data, tmp_path, [])
