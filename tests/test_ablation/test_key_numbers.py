"""Key numbers against loops and against the report they come from."""

import math

import numpy as np
import pytest

from mmproto.ablation.key_numbers import (
    NAMES,
    SCALARS,
    accuracy_figures,
    check_names,
    concept_figures,
    train_class_purity,
)


def random_record(rng, concepts, prototypes, topk):
    """Few labels, many void ones; similarities all different."""
    similarities = iter(rng.permutation(concepts * prototypes * topk))
    return dict(
        topk=topk,
        prototypes=[
            dict(
                concept=index // prototypes,
                patches=[
                    dict(
                        similarity=float(next(similarities)),
                        label=int(rng.choice([0, 1, 2, 255])),
                    )
                    for _ in range(topk)
                ],
            )
            for index in range(concepts * prototypes)
        ],
    )


def slow_purity(record, classes):
    """The definition, with loops only."""
    total, used = 0.0, 0
    for concept, number in enumerate(classes):
        if number == 0:
            continue
        patches = []
        for prototype in record['prototypes']:
            if prototype['concept'] == concept:
                for patch in prototype['patches']:
                    patches.append((patch['similarity'], patch['label']))
        strongest = sorted(patches)[-record['topk'] :]
        most = 0
        for label in range(255):
            most = max(most, sum(own == label for _, own in strongest))
        total, used = total + most / len(strongest), used + 1
    return total / used


@pytest.mark.parametrize('prototypes', [1, 3])
def test_purity_of_training_patches(prototypes):
    rng = np.random.default_rng(prototypes)
    for _ in range(5):
        record = random_record(rng, 6, prototypes, 5)
        classes = [1, 0, 2, 1, 0, 3]
        found = train_class_purity(record, classes)
        assert found == pytest.approx(slow_purity(record, classes))


def test_purity_by_hand():
    def patches(*labels):
        return [
            dict(similarity=1 - i / 10, label=v) for i, v in enumerate(labels)
        ]

    prototypes = [
        dict(concept=0, patches=patches(1, 1, 255, 2)),  # 2 of 4
        dict(concept=1, patches=patches(255, 255, 255, 255)),  # 0 of 4
        dict(concept=2, patches=patches(3, 3, 3, 3)),  # not used
    ]
    record = dict(topk=4, prototypes=prototypes)
    assert train_class_purity(record, [1, 1, 0]) == 0.25
    assert train_class_purity(record, [0, 0, 0]) is None
    # a pruned prototype has no patches: nothing is known of its concept
    prototypes.append(dict(concept=3, patches=[]))
    assert train_class_purity(record, [1, 1, 0, 1]) == 0.25


def test_scalars_are_those_of_the_report():
    rng = np.random.default_rng(0)
    report = dict(metrics={})
    for metric, scalar in SCALARS.values():
        own = report['metrics'].setdefault(metric, dict(scalars={}))
        own['scalars'][scalar] = rng.random()
    figures = concept_figures(report)
    for name, (metric, scalar) in SCALARS.items():
        assert figures[name] == report['metrics'][metric]['scalars'][scalar]
    assert SCALARS['kept_half'] == (
        'ScaleIndependenceMetric',
        'top_concept_kept_half_confident',
    )
    assert SCALARS['scale_right_by_chance_double'] == (
        'ScaleIndependenceMetric',
        'scale_right_by_chance_double',
    )
    assert SCALARS['consistency'] == (
        'ConsistencyMetric',
        'consistency_corrected',
    )
    del report['metrics']['PurityMetric']
    assert concept_figures(report)['class_purity'] is None
    assert set(concept_figures(None).values()) == {None}


def test_accuracy():
    given = {'mIoU': 50.0, 'aAcc': 9.0, 'IoU.a b': 70.0, 'IoU.c': math.nan}
    expected = {'miou': 50.0, 'iou_a b': 70.0, 'iou_c': None}
    assert accuracy_figures(given) == expected
    assert accuracy_figures({}) == dict(miou=None)


def test_names():
    check_names([*NAMES, 'iou_any class'])
    with pytest.raises(ValueError, match="no figure 'zeros'"):
        check_names(['miou', 'zeros'])
