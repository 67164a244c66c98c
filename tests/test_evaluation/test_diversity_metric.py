"""The metric of diversity on planted readings."""

import json
from functools import reduce
from types import SimpleNamespace

import pytest
import torch

from mmproto.evaluation.diversity_metric import (
    NO_LABELS,
    NO_PAIRS,
    NO_VECTORS,
    DiversityMetric,
)

CLASSES = ['road', 'car', 'sky']


def read(maps, weights, vectors, label_map=None, index=0):
    return SimpleNamespace(
        index=index,
        activations=maps,
        class_weights=weights,
        vectors=vectors,
        label_map=label_map,
    )


def report(readings, **arguments):
    metric = DiversityMetric(**arguments)
    head = SimpleNamespace(
        prototype_layer=SimpleNamespace(vectors=readings[0].vectors),
        prototypes_per_concept=1,
        concept_pooling=None,
    )
    facts = SimpleNamespace(head=head, classes=CLASSES)
    metric.recorder = SimpleNamespace(facts=facts)
    states = [metric.measure(reading) for reading in readings]
    return metric.summarize(reduce(metric.merge, states))


def planted(with_vectors=True, labelled=True):
    """Concepts 0, 1 and 4 are of cars, 2 of the road, 3 is dead.

    Concept 1 is a copy of 0; 4 is elsewhere in the same picture.
    """
    maps = torch.full((5, 10, 10), 1e-3)
    maps[:2, :2, :2] = 0.9
    maps[2, 4:6, 4:6] = 0.8
    maps[4, 8:, 8:] = 0.7
    weights = torch.tensor(
        [[0, 0, 1.0, 0, 0], [1, 2, 0, 1, 1], [0, 0, 0, 0, 0]]
    )
    vectors = torch.eye(5)
    vectors[1] = vectors[0]
    labels = torch.full((20, 20), 255)
    labels[3:5] = 1
    return [
        read(
            maps,
            weights,
            vectors if with_vectors else None,
            labels if labelled else None,
            index,
        )
        for index in range(3)
    ]


def test_report_of_a_planted_model():
    found = report(planted())
    scalars = found['scalars']
    # pairs of cars: 0 and 1 share all of 4 cells, 4 shares none with them
    # and the dead one has no region
    assert scalars['overlap'] == pytest.approx(4 / (4 + 8 + 8 + 4 + 4 + 4))
    assert scalars['dead'] == 1
    assert scalars['duplicates'] == 1
    assert scalars['max_overlap'] == 1
    assert scalars['max_cosine'] == pytest.approx(1)
    assert scalars['mean_cosine'] == pytest.approx(1 / 10)
    assert 3 < scalars['effective_number'] < 5
    assert found['per_concept']['images_seen'] == [3, 3, 3, 0, 3]
    assert found['per_concept']['max_overlap'] == [1, 1, 0, 0, 0]
    assert found['per_concept']['overlaps_most_with'][:2] == [1, 0]
    assert found['histograms']['overlap']['labels'] == ['car']
    assert found['notes'] == [
        'duplicate concepts: 0 and 1',
        'dead concepts: 3',
    ]
    json.dumps(found)


def test_without_vectors_and_ground_truth():
    found = report(planted(with_vectors=False, labelled=False))
    scalars = found['scalars']
    assert scalars['duplicates'] == 1
    assert scalars['mean_cosine'] is scalars['max_cosine'] is None
    assert scalars['overlap'] is scalars['scaleprotoseg_overlap'] is None
    assert found['notes'][:2] == [NO_LABELS, NO_VECTORS]
    json.dumps(found)


def test_one_concept_a_class_has_no_pairs():
    readings = planted()
    for reading in readings:
        reading.class_weights = torch.eye(5)[:3]
    found = report(readings)
    assert found['scalars']['overlap'] is None
    assert NO_PAIRS in found['notes']


def test_what_counts_as_dead_can_be_set():
    assert report(planted(), dead_threshold=0.75)['scalars']['dead'] == 2
    assert report(planted(), dead_threshold=1e-4)['scalars']['dead'] == 0
