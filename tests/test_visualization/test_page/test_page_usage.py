"""How often concepts decide on a data set, as list_concepts.py counts it."""

import json

import pytest
import torch
from mmengine.runner import Runner

from mmproto.explanations.concepts import concept_usage, list_concepts
from mmproto.models.facts import ModelFacts
from mmproto.visualization.concept_pages import save_concepts


@pytest.fixture
def usage(projected):
    loader = Runner.build_dataloader(projected.cfg.val_dataloader)
    return concept_usage(ModelFacts.of(projected), loader)


@pytest.fixture
def table(projected, usage, tmp_path):
    """Path of the model's ``concepts.json``."""
    listed = list_concepts(ModelFacts.of(projected), usage)
    return save_concepts(
        listed, ModelFacts.of(projected), usage, tmp_path / 'listed'
    )[0]


def test_the_library_shows_the_shares_of_the_data_set(
    save, visit, usage, table
):
    without = visit(save())
    assert without.locator('[data-column=data]').count() == 0
    page = visit(save(concepts=table))
    page.click('[data-column=data]')
    rows = page.locator('#library-table tbody tr').all()
    shown = {
        int(row.get_attribute('data-concept')): float(
            row.locator('td:nth-of-type(3)').get_attribute('data-value')
        )
        for row in rows
    }
    expected = {k: float(usage.top_share[k]) for k in shown}
    assert shown == pytest.approx(expected)
    assert list(shown.values()) == sorted(shown.values(), reverse=True)


def change(**values):
    return lambda data: json.dumps(json.loads(data) | values)


def without_one(data):
    table = json.loads(data)
    return json.dumps(table | dict(concepts=table['concepts'][1:]))


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (lambda data: data[:9], 'is no list of concepts'),
        (lambda data: '[]', 'is no list of concepts'),
        (change(version=9), 'about another model'),
        (without_one, 'about another model'),
    ],
)
def test_other_files_are_refused(save, table, tmp_path, change, expected):
    table.write_text(change(table.read_text()))
    with pytest.raises(ValueError, match=expected):
        save(concepts=table)
    with pytest.raises(FileNotFoundError, match='no list of concepts at'):
        save(concepts=tmp_path / 'nowhere.json')
    assert not (tmp_path / 'pages').exists()


def test_a_list_from_before_an_edit_is_refused(save, table, projected):
    weights = projected.decode_head.conv_seg.weight
    with torch.no_grad():
        used = projected.decode_head.class_weights.any(dim=0).nonzero()
        weights[:, int(used[0])] = 0
    with pytest.raises(ValueError, match='before it was changed'):
        save(concepts=table)
