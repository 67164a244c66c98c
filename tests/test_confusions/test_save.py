"""What is drawn of the planted confusion."""

import pytest
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmproto.confusions import (
    measure_confusions,
    save,
    save_confusions,
    use_split,
)
from mmproto.models.facts import ModelFacts
from mmproto.utils.origin import Origin


@pytest.fixture
def origin(tmp_path):
    checkpoint = tmp_path / 'model.pth'
    checkpoint.touch()
    return Origin('config.py', str(checkpoint))


def test_sheets_show_the_leading_concept_at_its_places(
    planted, origin, tmp_path, monkeypatch
):
    init_default_scope('mmseg')
    planted.cfg, loader = use_split(planted.cfg, 'val')
    facts = ModelFacts.of(planted)
    found = measure_confusions(facts, Runner.build_dataloader(loader))
    drawn = []

    def draw(*arguments):
        drawn.append(arguments)
        return draw_contact_sheet(*arguments)

    draw_contact_sheet = save.draw_contact_sheet
    monkeypatch.setattr(save, 'draw_contact_sheet', draw)
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'confusion_09.png').write_text('of another list')
    data, paths = save_confusions(found, facts, origin, 'val', out)
    ((number, _, row, patches, views),) = drawn
    assert number == 1 and row == data['confusions'][0] and patches == []
    assert [view.pixels for view in views] == [145, 115, 1, 1]
    assert [view.mask.sum() for view in views] == [145, 115, 1, 1]
    first, second, *_ = [view.name for view in views]
    assert (first, second) == (
        'town_000001_000019_leftImg8bit.png',
        'town_000000_000019_leftImg8bit.png',
    )
    for view in views:  # paint alone is active there
        assert view.mean == pytest.approx(1, abs=0.01)
        assert (view.rgb[view.mask] == (4, 0, 0)).all()
    assert sorted(path.name for path in out.iterdir()) == sorted(
        path.name for path in paths
    )


def test_what_cannot_be_saved(planted, origin, tmp_path):
    init_default_scope('mmseg')
    planted.cfg, loader = use_split(planted.cfg, 'val')
    facts = ModelFacts.of(planted)
    found = measure_confusions(facts, Runner.build_dataloader(loader))
    target = origin, 'val', tmp_path / 'out'
    with pytest.raises(ValueError, match='top must be at least 1, got 0'):
        save_confusions(found, facts, *target, top=0)
    record = dict(prototypes=[dict(concept=0)])
    planted.dataset_meta = dict(planted.dataset_meta, projection=record)
    with pytest.raises(ValueError, match='about 1 prototypes'):
        save_confusions(found, ModelFacts.of(planted), *target)
    assert not (tmp_path / 'out').exists()
