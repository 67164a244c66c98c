"""Explanations by a surrogate say so, everywhere; others say nothing of it."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from mmseg.apis import inference_model
from surrogates import (
    LINE,
    LONG,
    RECORD,
    black_box,
    build_surrogate,
    users_model,
)

import mmproto
from mmproto.explanations.concepts import concept_usage, list_concepts
from mmproto.explanations.record import explanation_record
from mmproto.models.facts import ModelFacts
from mmproto.visualization.card import draw_card
from mmproto.visualization.concept_pages import (
    concepts_note,
    draw_pages,
    save_concepts,
)
from mmproto.visualization.sheet import draw_sheet

SLIDE = dict(mode='slide', crop_size=(40, 64), stride=(20, 32))


def validate(record, name):
    folder = Path(mmproto.__file__).parent / 'schemas'
    schema = json.loads((folder / f'{name}.schema.json').read_text())
    jsonschema.validate(record, schema)


def users_prediction(model, box, image):
    """What the user's own model says, through mmseg's own interface."""
    own = users_model(model.cfg, box, model)
    own.cfg = model.cfg
    return inference_model(own, image).pred_sem_seg.data[0].numpy()


@pytest.mark.smoke
@pytest.mark.parametrize('kind', ['plain', 'cascade'])
@pytest.mark.parametrize('test_cfg', [None, SLIDE])
def test_black_box_is_asked(tiny_config, image, kind, test_cfg):
    box = black_box(kind, test_cfg)
    model = build_surrogate(tiny_config, box)
    explanation = mmproto.explain(model, image, (40, 50))
    expected = users_prediction(model, box, image)
    assert np.array_equal(explanation.black_box, expected)
    agreement = (explanation.prediction == expected).mean()
    assert 0.05 < agreement < 0.95
    assert explanation.notes[0] == LINE


def test_black_box_of_one_channel(tiny_config, image):
    tiny_config.model.decode_head.num_classes = 2
    box = black_box()
    box['decode_head'] |= dict(num_classes=2, out_channels=1, threshold=0.4)
    model = build_surrogate(tiny_config, black_box() | box)
    model.dataset_meta = dict(classes=('road', 'car'))
    found = mmproto.explain(model, image, (40, 50)).black_box
    expected = users_prediction(model, box, image)
    assert np.array_equal(found, expected)
    assert set(np.unique(found)) == {0, 1}


def places(explanation):
    """One pixel where both say the same, and one where they do not."""
    same = explanation.prediction == explanation.black_box
    return [
        tuple(map(int, np.argwhere(where)[0][::-1])) for where in (same, ~same)
    ]


def test_sentence_and_record(surrogate, image):
    agreeing, other = places(mmproto.explain(surrogate, image, (0, 0)))
    explanation = mmproto.explain(surrogate, image, agreeing)
    assert 'the model itself' not in explanation.sentence()
    record = explanation_record(explanation)
    validate(record, 'explanation')
    known = {k: v for k, v in RECORD.items() if k != 'classes'}
    expected = known | dict(sentence=LINE, switched_off=0, reweighted=0)
    said = explanation.predicted
    model = {'class': said, 'name': explanation.classes[said]}
    assert record['surrogate'] == expected | dict(model=model, agrees=True)

    explanation = mmproto.explain(surrogate, image, other)
    x, y = other
    said = int(explanation.black_box[y, x])
    name = explanation.classes[said]
    sentence = explanation.sentence()
    assert sentence.endswith(f'; the model itself says {name} here')
    assert sentence.count('the model itself') == 1
    record = explanation_record(explanation)
    validate(record, 'explanation')
    model = {'class': said, 'name': name}
    assert record['surrogate'] == expected | dict(model=model, agrees=False)


def test_files(surrogate, image, tmp_path):
    explanation = mmproto.explain(surrogate, image, (0, 0))
    explanation = mmproto.explain(surrogate, image, places(explanation)[1])
    mmproto.save_explanation(explanation, tmp_path)
    record = json.loads((tmp_path / 'explanation.json').read_text())
    validate(record, 'explanation')
    assert LINE in record['notes']
    card = (tmp_path / 'card.md').read_text()
    assert f'Note: {LINE}' in card
    assert 'the model itself says' in card
    assert 'surrogate' not in (tmp_path / 'explanation.csv').read_text()


def test_other_models_say_nothing_of_it(projected, image, loader, tmp_path):
    explanation = mmproto.explain(projected, image, (40, 50))
    assert explanation.surrogate is None and explanation.black_box is None
    mmproto.save_explanation(explanation, tmp_path)
    facts = ModelFacts.of(projected)
    usage = concept_usage(facts, loader())
    save_concepts(list_concepts(facts, usage), facts, usage, tmp_path)
    for name in ('explanation', 'concepts'):
        record = json.loads((tmp_path / f'{name}.json').read_text())
        validate(record, name)
        assert record.pop('surrogate') is None
        assert 'surrogate' not in json.dumps(record)
    for name in ('explanation.csv', 'concepts.csv', 'card.md'):
        text = (tmp_path / name).read_text()
        assert 'surrogate' not in text and 'model itself' not in text


def test_concepts(surrogate, loader, tmp_path, monkeypatch):
    notes = []
    monkeypatch.setattr(
        'mmproto.visualization.concept_pages.draw_pages',
        lambda concepts, names, note: notes.append(note) or [],
    )
    facts = ModelFacts.of(surrogate)
    usage = concept_usage(facts, loader())
    save_concepts(list_concepts(facts, usage), facts, usage, tmp_path)
    record = json.loads((tmp_path / 'concepts.json').read_text())
    validate(record, 'concepts')
    assert record['surrogate']['sentence'] == LINE
    assert notes[0].splitlines()[0] == LINE


def test_pictures_have_the_line_once(surrogate, image):
    explanation = mmproto.explain(surrogate, image, (40, 50))
    for figure in (draw_sheet(explanation), draw_card(explanation)):
        texts = [' '.join(each.get_text().split()) for each in figure.texts]
        assert sum(text.count(LINE) for text in texts) == 1


def test_no_warning_is_cut_off(surrogate, loader, image):
    """However long the line is, pictures show it to its end."""
    surrogate.dataset_meta['surrogate'] = LONG
    surrogate.dataset_meta['disabled_concepts'] = {'3': [0, 0, 0, 1.0]}
    facts = ModelFacts.of(surrogate)
    line = facts.surrogate.sentence()
    assert len(line) > 200 and line.endswith("not be the model's reasons")
    usage = concept_usage(facts, loader())
    concepts = list_concepts(facts, usage)
    explanation = mmproto.explain(surrogate, image, (40, 50))
    note = concepts_note(facts, concepts)
    for figure in (
        draw_sheet(explanation),
        draw_card(explanation),
        next(draw_pages(concepts, facts.classes, note)),
    ):
        texts = [' '.join(each.get_text().split()) for each in figure.texts]
        assert sum(line in text for text in texts) == 1
        for each in figure.texts:
            assert each.get_window_extent().x1 <= figure.bbox.x1
