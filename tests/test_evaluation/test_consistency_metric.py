"""The consistency metric on models whose concepts are known."""

import json

import pytest
from planted import IMAGES, measure

from mmproto.datasets.street_scenes import PARTS
from mmproto.evaluation.consistency_metric import ConsistencyMetric
from mmproto.evaluation.part_metric import NO_PARTS

RULES = ('evalprotopnet', 'scaleprotoseg', 'reproseg', 'corrected')


@pytest.fixture(scope='module')
def reports(planted_data):
    """Reports of three planted models."""
    return {
        kind: measure(planted_data, kind, ('ConsistencyMetric',))[
            'ConsistencyMetric'
        ]
        for kind in ('parts', 'classes', 'noise')
    }


def test_perfect_parts_are_consistent_and_classes_and_noise_are_not(reports):
    scores = {
        kind: report['scalars']['consistency_corrected']
        for kind, report in reports.items()
    }
    assert scores == dict(parts=1, classes=0, noise=0)
    for report in reports.values():
        assert report['scalars']['evaluated_corrected'] > 5


def test_the_published_scores_are_there_too(reports):
    scalars = reports['parts']['scalars']
    assert all(0 < scalars[f'consistency_{rule}'] <= 1 for rule in RULES)
    # even noise is: a quantile of zero makes the whole object the area
    assert reports['noise']['scalars']['consistency_scaleprotoseg'] > 0.5


def test_every_concept_is_reported_with_its_part(reports):
    report = reports['parts']
    lists = report['per_concept']
    assert {len(values) for values in lists.values()} == {len(PARTS) + 1}
    judged = 0
    for k, part in enumerate(PARTS, 1):  # concept k is part k
        if lists['consistent_corrected'][k]:
            judged += 1
            name = f'{part.class_name}/{part.kind}'
            assert lists['part_corrected'][k] == name
            assert lists['rate_corrected'][k] == 1
            assert lists['objects'][k] >= 3
    assert judged == report['scalars']['evaluated_corrected']
    assert lists['part_corrected'][0] is None  # no part, no class
    json.dumps(report, allow_nan=False)


def test_notes_say_what_was_left_out(reports):
    report = reports['parts']
    measured, left_out = report['notes']
    assert f'{IMAGES} images' in measured
    scalars = report['scalars']
    few = len(PARTS) - scalars['evaluated_corrected']
    few -= scalars['never_active_concepts']
    assert f'{few:.0f} that are active on too few' in left_out


def test_without_part_labels_nothing_is_measured(planted_data, monkeypatch):
    monkeypatch.setattr(ConsistencyMetric, 'part_loader', None)
    report = measure(planted_data, 'parts', ('ConsistencyMetric',))[
        'ConsistencyMetric'
    ]
    assert report['scalars'] == {f'consistency_{r}': None for r in RULES}
    assert report['notes'] == [NO_PARTS]


def test_images_without_a_part_file(planted_data, monkeypatch):
    monkeypatch.setattr(
        'mmproto.evaluation.reading.ImageReading.parts', lambda *_: None
    )
    report = measure(planted_data, 'parts', ('ConsistencyMetric',))[
        'ConsistencyMetric'
    ]
    assert set(report['scalars'].values()) == {None}
    assert 'no image has both' in report['notes'][0]


def test_a_minimum_that_is_none():
    with pytest.raises(ValueError, match='min_misses .* got 0'):
        ConsistencyMetric(min_misses=0)
