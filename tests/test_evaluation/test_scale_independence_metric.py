"""Planted movements of concepts with the size of the image."""

from functools import reduce
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from mmproto.evaluation import ScaleIndependenceMetric
from mmproto.evaluation.recorder import ConceptRecorder

K, H, W = 4, 8, 8


class Planted:
    """A reading whose concepts behave as told.

    Args:
        covariant: Scales move with the size of the image.
        bound: Concepts are bound to a size: another one at every size.
        rates: Dilation rates of the scales.
    """

    def __init__(self, covariant=True, bound=False, rates=(4, 1, 2), index=0):
        generator = torch.Generator().manual_seed(0)
        self.index = index
        rates_known = None if rates is None else list(rates)
        self.facts = SimpleNamespace(dilations=rates_known)
        self.num_scales = 3 if rates is None else len(rates)
        self.class_weights = torch.ones(1, K)
        self.concepts = torch.randint(K, (H // 2, W // 2), generator=generator)
        self.covariant, self.bound = covariant, bound
        self.activations, self.scales = self.seen(1.0)
        self.evidence = self.activations.sum(dim=0, keepdim=True)
        self.labels = torch.zeros(H, W, dtype=torch.int64)
        self.labels[0] = 1  # a row that is predicted wrongly
        self.label_map = torch.zeros(32, 32, dtype=torch.int64)

    def seen(self, factor):
        """Activations and scales at a size."""
        size = int(H * factor), int(W * factor)
        concepts = F.interpolate(self.concepts[None, None].float(), size)
        concepts = concepts[0, 0].long()
        if self.bound:
            concepts = (concepts + int(2 * factor)) % K
        activations = F.one_hot(concepts, K).permute(2, 0, 1).float()
        order = sorted(range(self.num_scales), key=self.rate)
        position = {0.5: 0, 1.0: 1, 2.0: 2}[factor] if self.covariant else 1
        scale = order[min(position, self.num_scales - 1)]
        return activations, torch.full_like(activations, scale).long()

    def rate(self, scale):
        rates = self.facts.dilations
        return scale if rates is None else rates[scale]

    def rerun(self, change):
        image = change(torch.zeros(1, 3, 32, 32))
        return self.seen(image.shape[2] / 32)

    def probabilities(self, evidence):
        return torch.ones_like(evidence)

    def at_cells(self, pixels):
        return pixels[2::4, 2::4]


def scalars(**behaviour):
    metric = ScaleIndependenceMetric(interval=2)
    readings = [Planted(index=i, **behaviour) for i in range(3)]
    metric.recorder = readings[0]  # has the facts of the model, too
    state = reduce(metric.merge, map(metric.measure, readings))
    assert int(state.images) == 2  # of index 0 and 2
    return metric.summarize(state)


@pytest.mark.parametrize('rates', [(4, 1, 2), None])
def test_covariant_concepts_score_one(rates):
    report = scalars(rates=rates)
    for name in ('double', 'half'):
        for suffix in ('', '_confident'):
            assert report['scalars'][f'top_concept_kept_{name}{suffix}'] == 1
            assert report['scalars'][f'top_concept_kappa_{name}{suffix}'] == 1
        assert report['scalars'][f'scale_moved_right_{name}'] == 1
        assert report['scalars'][f'scale_right_{name}'] == 1


def test_frozen_scales_stay():
    found = scalars(covariant=False)['scalars']
    for name in ('double', 'half'):
        assert found[f'top_concept_kept_{name}'] == 1
        assert found[f'scale_stayed_{name}'] == 1
        assert found[f'scale_right_{name}'] == 0  # they could have moved


def test_concepts_bound_to_a_size_change():
    found = scalars(bound=True)['scalars']
    for name in ('double', 'half'):
        assert found[f'top_concept_kept_{name}'] == 0
        assert found[f'top_concept_kappa_{name}'] < 0


def test_cells_are_sorted_by_the_size_of_their_object():
    report = scalars()
    table = report['histograms']['scale_by_object_size']
    # one object of 32 x 32 pixels, seen at the middle one of the rates
    expected = [0, 0, 0, 2 * (H - 1) * W, 0, 0, 0, 0]
    assert table['counts'] == {
        'rate 1': [0] * 8,
        'rate 2': expected,
        'rate 4': [0] * 8,
    }
    assert table['labels'][3] == '32-64'
    curve = report['curves']['dilation_by_object_size']
    assert (curve['x'], curve['y']) == ([3], [2.0])


def test_one_scale_cannot_move():
    report = scalars(rates=(1,), covariant=False)
    assert report['scalars']['scale_right_double'] is None
    assert report['scalars']['size_correlation'] is None
    assert report['scalars']['top_concept_kept_double'] == 1
    assert any('one scale' in note for note in report['notes'])


def test_without_ground_truth_objects_have_no_size():
    metric, reading = ScaleIndependenceMetric(), Planted()
    metric.recorder = reading
    reading.label_map = None
    report = metric.summarize(metric.measure(reading))
    assert report['scalars']['size_correlation'] is None
    assert report['scalars']['top_concept_kept_double'] == 1
    assert any('no ground truth' in note for note in report['notes'])


def test_cells_without_evidence_do_not_count():
    metric, reading = ScaleIndependenceMetric(), Planted()
    metric.recorder = reading
    reading.class_weights = torch.zeros(1, K)
    report = metric.summarize(metric.measure(reading))
    for name, value in report['scalars'].items():
        assert value is None, name


@pytest.mark.parametrize('option', [dict(interval=0), dict(confidence=2)])
def test_bad_options_are_named(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        ScaleIndependenceMetric(**option)


def test_on_a_real_model(tiny_model, tiny_config):
    from mmengine.runner import Runner

    loader = Runner.build_dataloader(tiny_config.test_dataloader)
    recorder = ConceptRecorder(tiny_model)
    metric = ScaleIndependenceMetric(interval=2)
    metric.recorder = recorder
    recorder.start()
    with torch.no_grad():
        for batch in loader:
            samples = [s.to_dict() for s in tiny_model.test_step(batch)]
            metric.process(batch, samples)
    recorder.stop()
    numbers = metric.evaluate(3)
    assert 0 < numbers['scale/top_concept_kept_half'] <= 1
    moves = sum(
        numbers[f'scale/scale_{move}_half']
        for move in ('moved_right', 'stayed', 'moved_wrong')
    )
    assert moves == pytest.approx(1)
