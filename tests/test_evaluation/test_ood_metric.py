"""Reports of OODMetric: what is fitted is never also judged."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmproto.evaluation.functional.ood import SCORES
from mmproto.evaluation.ood_metric import OODMetric, fitted_thresholds


def reading(index, strange=True, labelled=True):
    """Two classes, and a square of label 254 that no concept knows."""
    generator = torch.Generator().manual_seed(index)
    unknown = torch.zeros(8, 8, dtype=torch.bool)
    unknown[2:5, 3:6] = strange
    noise = torch.rand(3, 8, 8, generator=generator)
    evidence = 5 * torch.stack([1 - noise[0] / 2, noise[0] / 9])
    evidence = torch.where(unknown, evidence / 4, evidence)
    labels = torch.where(unknown, 254, 0)
    labels[0, 0] = 255
    labels = labels.repeat_interleave(2, 0).repeat_interleave(2, 1)
    return SimpleNamespace(
        index=index,
        label_map=labels if labelled else None,
        evidence=evidence,
        similarity=lambda: 0.9 - 0.5 * unknown - 0.1 * noise[1],
        probabilities=lambda e: e / e.sum(dim=0),
        to_image=lambda maps: F.interpolate(maps[None], scale_factor=2)[0],
    )


def report(metric, readings):
    state = None
    for one in readings:
        state = metric.merge(state, metric.measure(one))
    result = metric.summarize(state)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    return result


def test_numbers_curves_and_histograms():
    found = report(OODMetric(), [reading(i) for i in range(4)])
    scalars = found['scalars']
    assert scalars['similarity_auroc'] == scalars['similarity_ap'] == 1
    assert scalars['evidence_fpr95'] == 0
    # shares of evidence do not know how much there is
    assert scalars['max_probability_auroc'] == pytest.approx(0.5, abs=0.2)
    for name in ('roc', 'precision_recall'):
        curve = found['curves'][name]
        assert set(curve['y']) == set(SCORES)
        assert {len(y) for y in curve['y'].values()} == {len(curve['x'])}
        assert len(curve['x']) <= 100
    for name in SCORES:
        histogram = found['histograms'][name]
        assert len(histogram['edges']) == 31
        counts = histogram['counts']
        assert sum(counts['known']) == 4 * (16 * 16 - 36 - 4)
        assert sum(counts['unknown']) == 4 * 36


def test_thresholds_of_one_data_set_are_tried_on_another():
    fitted = report(OODMetric(), [reading(i, False) for i in range(9)])
    assert fitted['scalars']['evidence_auroc'] is None
    assert fitted['curves'] == {}
    assert any('out of distribution' in note for note in fitted['notes'])
    assert not any('flagged' in name for name in fitted['scalars'])
    thresholds = fitted_thresholds(fitted)
    assert set(thresholds) == set(SCORES)
    metric = OODMetric(thresholds=thresholds)
    tried = report(metric, [reading(i) for i in range(9, 18)])['scalars']
    assert not any('threshold' in name for name in tried)
    assert tried['evidence_flagged_unknown'] == 1
    assert tried['evidence_flagged_known'] == pytest.approx(0.05, abs=0.04)
    with pytest.raises(ValueError, match='no fitted thresholds'):
        fitted_thresholds(report(metric, [reading(0)]))


def test_the_share_to_flag_moves_the_threshold():
    readings = [reading(i, False) for i in range(4)]
    low, high = (
        fitted_thresholds(report(OODMetric(flagged=share), readings))
        for share in (0.5, 0.01)
    )
    assert all(low[name] < high[name] for name in SCORES)


def test_only_the_scores_with_thresholds_are_flagged():
    metric = OODMetric(thresholds=dict(evidence=-3.0))
    names = report(metric, [reading(0)])['scalars']
    flagged = {name for name in names if 'flagged' in name}
    assert flagged == {'evidence_flagged_known', 'evidence_flagged_unknown'}


def test_other_labels_can_be_unknown():
    found = report(OODMetric(ood_ids=[0]), [reading(0)])
    assert sum(found['histograms']['evidence']['counts']['known']) == 36


def test_without_ground_truth_nothing_is_measured():
    found = report(OODMetric(), [reading(0, labelled=False)])
    assert set(found['scalars'].values()) == {None}
    assert 'none in distribution' in found['notes'][1]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(ood_ids=[254, 255]), 'void'),
        (dict(ood_ids=[]), 'ood_ids'),
        (dict(flagged=0.0), 'between 0 and 1'),
        (dict(flagged=5), 'between 0 and 1'),
        (dict(thresholds=dict(energy=1.0)), 'energy'),
        (dict(thresholds={}), 'thresholds'),
        (dict(thresholds=dict(evidence=np.nan)), 'finite'),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        OODMetric(**options)
