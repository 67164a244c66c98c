"""Confusions of a surrogate are not those of the model itself."""

import json
from pathlib import Path

import jsonschema
import pytest
from mmengine.runner import Runner
from surrogates import LINE

import mmproto
from mmproto.confusions import (
    measure_confusions,
    save,
    save_confusions,
    use_split,
)
from mmproto.models.facts import ModelFacts
from mmproto.utils.origin import Origin

SCHEMA = Path(mmproto.__file__).parent / 'schemas' / 'confusions.schema.json'


@pytest.fixture
def files(tmp_path):
    """Writes the files of the confusions of a model; JSON and list."""

    def call(model):
        (tmp_path / 'model.pth').touch()
        origin = Origin('config.py', str(tmp_path / 'model.pth'))
        model.cfg, loader = use_split(model.cfg, 'val')
        facts = ModelFacts.of(model)
        found = measure_confusions(facts, Runner.build_dataloader(loader))
        save_confusions(found, facts, origin, 'val', tmp_path, top=1)
        data = json.loads((tmp_path / 'confusions.json').read_text())
        jsonschema.validate(data, json.loads(SCHEMA.read_text()))
        return data, (tmp_path / 'confusions.md').read_text()

    return call


def test_surrogate(surrogate, files, monkeypatch):
    drawn = []
    draw = save.draw_contact_sheet
    monkeypatch.setattr(
        save,
        'draw_contact_sheet',
        lambda *given: drawn.append(draw(*given)) or drawn[0],
    )
    data, text = files(surrogate)
    assert data['surrogate']['sentence'] == LINE
    assert data['notes'][0] == LINE
    assert f'* {LINE}' in text
    written = [each.get_text() for each in drawn[0].texts]
    assert any(each.endswith(LINE) for each in written)


def test_others_say_nothing_of_it(projected, files):
    data, text = files(projected)
    assert data.pop('surrogate') is None
    assert 'surrogate' not in json.dumps(data) + text
