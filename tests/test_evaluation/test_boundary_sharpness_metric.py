"""The metric of sharpness on planted readings and models."""

import json
from types import SimpleNamespace

import pytest
import torch
from planted import measure

from mmproto.evaluation import BoundarySharpnessMetric

NAME = 'BoundarySharpnessMetric'


def read(edge, labels=True):
    """Two classes side by side, and a third concept that does nothing."""
    truth = torch.full((6, 16), 255)
    if labels:
        truth[:, :8], truth[:, 8:] = 0, 1
    right = torch.zeros(6, 16)
    right[:, 8:], right[:, 7:9] = 1, edge
    maps = torch.stack([1 - right, right, 0 * right])
    return SimpleNamespace(
        activations=maps, labels=truth, class_weights=torch.eye(2, 3)
    )


def report(metric, *readings):
    state = None
    for reading in readings:
        state = metric.merge(state, metric.measure(reading))
    return metric.summarize(state)


def test_report_of_a_blurred_and_a_sharp_image():
    sharp, blurred = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 0.5])
    found = report(BoundarySharpnessMetric(), read(sharp), read(blurred))
    assert found['scalars'] == pytest.approx(
        dict(
            sharpness=0.5,
            near_contrast=0.5,
            far_contrast=1,
            measured_concepts=2,
        )
    )
    assert found['per_concept'] == dict(
        sharpness=[0.5, 0.5, None],
        near_contrast=[0.5, 0.5, None],
        far_contrast=[1, 1, None],
        near_cells=[12, 12, 0],
    )
    assert found['notes'][0].startswith('of 2 concepts')
    json.dumps(found, allow_nan=False)


def test_distances_are_those_that_were_asked_for():
    blurred = read(torch.tensor([0.5, 0.5]))
    found = report(BoundarySharpnessMetric(near=2, far=6), blurred)
    assert found['scalars']['sharpness'] == pytest.approx(0.5)
    assert found['per_concept']['near_cells'] == [12, 12, 0]
    found = report(BoundarySharpnessMetric(near=2, far=9), blurred)
    assert found['scalars']['sharpness'] is None
    assert '2 without cells at distance 2 or 9' in found['notes'][0]


def test_a_drop_that_is_too_small_is_noted():
    metric = BoundarySharpnessMetric(min_contrast=1)
    found = report(metric, read(torch.tensor([0.0, 1.0])))
    assert found['scalars']['measured_concepts'] == 0
    assert found['scalars']['sharpness'] is None
    assert '2 that drop by no more than 1' in found['notes'][0]


def test_without_ground_truth_a_note_says_so():
    reading = read(torch.tensor([0.0, 1.0]), labels=False)
    found = report(BoundarySharpnessMetric(), reading)
    assert found['scalars']['sharpness'] is None
    assert 'no ground truth' in found['notes'][0]


def test_planted_models(planted_data):
    """The numbers of docs/metrics.md."""
    classes, parts, noise = (
        measure(planted_data, kind, [NAME])[NAME]['scalars']
        for kind in ('classes', 'parts', 'noise')
    )
    assert classes['sharpness'] == pytest.approx(1, abs=1e-3)
    assert classes['measured_concepts'] == 11
    # a part does not fill its class up to the boundary
    assert parts['sharpness'] == pytest.approx(0.93, abs=0.006)
    assert noise['sharpness'] is None


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(near=0), 'near=0 and far=3'),
        (dict(near=3), 'near=3 and far=3'),
        (dict(min_contrast=0), 'must be positive, got 0'),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        BoundarySharpnessMetric(**options)
