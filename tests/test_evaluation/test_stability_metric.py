"""The stability metric on models whose concepts are known."""

import json

import pytest
import torch
from planted import IMAGES, measure

from mmproto.evaluation.part_metric import NO_PARTS
from mmproto.evaluation.stability_metric import StabilityMetric

RULES = ('evalprotopnet', 'scaleprotoseg', 'corrected')


def run(data, kind, **changes):
    """Report of a planted model."""
    reports = measure(data, kind, ('StabilityMetric',), **changes)
    return reports['StabilityMetric']


def test_noise_concepts_are_less_stable_than_parts(planted_data):
    parts = run(planted_data, 'parts')
    noise = run(planted_data, 'noise')
    for rule in (*RULES, 'top'):
        name = 'most_active_kept' if rule == 'top' else f'stability_{rule}'
        assert parts['scalars'][name] == 1  # noise stays within a code
        assert noise['scalars'][name] < 0.99
    assert noise['scalars']['activation_change'] > 1e-3
    assert f'{IMAGES} images' in parts['notes'][0]
    lists = parts['per_concept']
    hit = [n > 0 for n in lists['objects_hit']]
    assert sum(hit) > 20
    for number, share in zip(hit, lists['stability_corrected']):
        assert share == (1 if number else None)
    json.dumps([parts, noise], allow_nan=False)


def test_concepts_that_hit_nothing_are_left_out(planted_data):
    """They are stable by the original definition."""
    report = run(planted_data, 'classes')
    assert report['scalars']['stability_evalprotopnet'] == 1
    assert report['scalars']['stability_corrected'] is None
    assert '0 pairs of a concept and an object' in report['notes'][1]


def test_only_every_few_images_are_run_again(planted_data, monkeypatch):
    seen = []

    def rerun(reading, change):
        seen.append(reading.index)
        assert (change(torch.zeros(1, 3, 4, 4)) != 0).all()
        return reading.activations, reading.scales

    monkeypatch.setattr('mmproto.evaluation.reading.ImageReading.rerun', rerun)
    changes = {'test_evaluator.0.interval': 4}
    report = run(planted_data, 'parts', **changes)
    assert seen == [0, 4]
    note = '2 images ran through the network again, one in 4'
    assert note in report['notes'][0]


def test_without_part_labels_there_are_numbers(planted_data, monkeypatch):
    monkeypatch.setattr(StabilityMetric, 'part_loader', None)
    report = run(planted_data, 'noise')
    for rule in RULES:
        assert report['scalars'][f'stability_{rule}'] is None
    assert 0 < report['scalars']['most_active_kept'] < 1
    assert report['notes'][1] == NO_PARTS


def test_an_interval_that_is_none():
    with pytest.raises(ValueError, match='interval .* got 0'):
        StabilityMetric(interval=0)
