"""Pixels sorted by score and group, against loops over pixels."""

import numpy as np
import pytest
import torch

from mmproto.evaluation.functional.ood import (
    KNOWN,
    SCORES,
    UNKNOWN,
    detections,
    empty_ood,
    fit_thresholds,
    flagged_shares,
    measure_ood,
    score_maps,
)
from mmproto.evaluation.functional.ranking import NUM_BINS, score_bins
from mmproto.evaluation.functional.states import merge_states

IDS = (254, 7)


def image(seed=0, size=(9, 11)):
    """Scores that are larger where labels are unknown; some void."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([0, 1, 3, 7, 254, 255], size)
    scores = rng.normal(0, 1, (3, *size)) + np.isin(labels, IDS)
    return torch.tensor(scores).float(), torch.tensor(labels)


def groups(scores, labels):
    """Scores of known and unknown pixels, one by one."""
    found = [], []
    for score, label in zip(scores.flatten().tolist(), labels.flatten()):
        if label != 255:
            found[int(label) in IDS].append(score)
    return found


def test_scores_say_what_is_strange():
    similarity = torch.tensor([[0.9, 0.2]])
    evidence = torch.tensor([[[3.0, 0.5]], [[1.0, 0.0]]])
    probabilities = torch.tensor([[[0.8, 0.6]], [[0.2, 0.4]]])
    expected = [[[0.1, 0.8]], [[-4.0, -0.5]], [[0.2, 0.4]]]
    maps = score_maps(similarity, evidence, probabilities)
    torch.testing.assert_close(maps, torch.tensor(expected))


def test_every_pixel_but_void_is_counted_in_its_group():
    scores, labels = image()
    state = measure_ood(scores, labels, IDS)
    for index in range(len(SCORES)):
        for group, found in enumerate(groups(scores[index], labels)):
            expected = np.zeros(NUM_BINS, int)
            for place in score_bins(torch.tensor(found)):
                expected[place] += 1
            assert np.array_equal(state.counts[index, group], expected)


def test_thresholds_are_applied_to_the_scores_themselves():
    scores, labels = image()
    some = float(scores[1][labels == 0][0])  # reaches itself
    thresholds = dict(evidence=some, similarity=9.0)
    state = measure_ood(scores, labels, IDS, thresholds)
    shares = flagged_shares(state)
    for index, threshold in ((0, 9.0), (1, thresholds['evidence'])):
        for group, found in enumerate(groups(scores[index], labels)):
            share = sum(x >= threshold for x in found) / len(found)
            assert shares[index][group] == share
    assert shares[0] == [0, 0]
    assert 0 < shares[1][KNOWN] < shares[1][UNKNOWN] < 1
    assert flagged_shares(empty_ood()) == [[None, None]] * 3


def test_fitted_thresholds_flag_their_share():
    states = [measure_ood(*image(seed), IDS) for seed in range(20)]
    total = states[0]
    for state in states[1:]:
        total = merge_states(total, state)
    thresholds = fit_thresholds(total, 0.05)
    known = [[], [], []]
    again = empty_ood()
    for seed in range(20):
        scores, labels = image(seed)
        again = merge_states(
            again, measure_ood(scores, labels, IDS, thresholds)
        )
        for index in range(3):
            known[index] += groups(scores[index], labels)[KNOWN]
    for index, name in enumerate(SCORES):
        share = np.mean(np.array(known[index]) >= thresholds[name])
        assert 0.045 < share <= 0.05
        assert flagged_shares(again)[index][KNOWN] == share


def test_merging_is_the_data_set_as_one_image():
    images = [image(seed) for seed in range(3)]
    parts = [measure_ood(*i, IDS, dict(evidence=0.5)) for i in images]
    merged = merge_states(merge_states(parts[0], parts[1]), parts[2])
    scores = torch.cat([i[0] for i in images], dim=1)
    labels = torch.cat([i[1] for i in images])
    whole = measure_ood(scores, labels, IDS, dict(evidence=0.5))
    assert torch.equal(merged.counts, whole.counts)
    assert torch.equal(merged.flagged, whole.flagged)
    assert whole.flagged[1].sum() > 0


def test_detections():
    scores, labels = image(size=(60, 60))
    scores[0] = -scores[0]  # misleads
    scores[2] += 100 * ((labels == 254) | (labels == 7))  # perfect
    found = detections(measure_ood(scores, labels, IDS))
    known, unknown = map(np.array, groups(scores[1], labels))
    wins = np.mean(unknown[:, None] > known[None])
    assert found['evidence']['auroc'] == pytest.approx(wins, abs=1e-3)
    limit = np.sort(unknown)[::-1][int(np.ceil(0.95 * len(unknown))) - 1]
    flagged = np.mean(known >= limit)
    assert found['evidence']['fpr95'] == pytest.approx(flagged, abs=5e-3)
    assert found['similarity']['auroc'] < 0.5 < found['evidence']['auroc']
    perfect = found['max_probability']
    assert perfect == dict(ap=1, fpr95=0, auroc=1)


@pytest.mark.parametrize('label', [0, 254, 255])
def test_one_group_alone_tells_nothing(label):
    scores, labels = image()
    state = measure_ood(scores, torch.full_like(labels, label), IDS)
    assert detections(state) is None
    assert (fit_thresholds(state, 0.05) is None) == (label != 0)
