"""Reports of FaithfulnessMetric on a model, honest or not."""

import json

import pytest
import torch
from mmengine.runner import Runner

from mmproto.evaluation.faithfulness_metric import FaithfulnessMetric
from mmproto.evaluation.recorder import ConceptRecorder


@torch.no_grad()
def measure(model, config, **options):
    """Report on the three test images; their readings."""
    recorder = ConceptRecorder(model, model.dataset_meta)
    recorder.start()
    metric = FaithfulnessMetric(**options)
    state, readings = None, []
    for batch in Runner.build_dataloader(config.test_dataloader):
        samples = [sample.to_dict() for sample in model.test_step(batch)]
        for reading in recorder.read(batch, samples):
            state = metric.merge(state, metric.measure(reading))
            readings.append(reading)
    recorder.stop()
    report = metric.summarize(state)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    return report, readings


def bypass(model, monkeypatch):
    """Let the head add what no concept gave."""
    head = type(model.decode_head)
    forward = head.forward

    def tampered(self, inputs):
        evidence = forward(self, inputs)
        return evidence + 0.5 * evidence.roll(1, dims=1)

    monkeypatch.setattr(head, 'forward', tampered)


def test_an_honest_model_is_complete(tiny_model, tiny_config):
    report, readings = measure(tiny_model, tiny_config)
    scalars = report['scalars']
    for name in ('error_mean', 'error_max', 'changed'):
        assert abs(scalars[f'completeness_{name}']) < 1e-5
        assert abs(scalars[f'completeness_{name}_at_cells']) < 1e-5
    curves = report['curves']
    for name in ('deletion', 'insertion'):
        assert curves[name]['x'] == [0, 1, 2, 3, 5, 8]
        assert set(map(len, curves[name]['y'].values())) == {6}
    winning = sum(
        reading.probabilities(reading.evidence).amax(0).mean()
        for reading in readings
    )
    for lines in (curves['deletion']['y'], curves['insertion']['y']):
        ends = [(y[0], y[-1]) for y in lines.values()]
        assert len({round(end, 6) for pair in ends for end in pair}) == 2
    start = curves['deletion']['y']['contribution'][0]
    assert start == pytest.approx(float(winning) / 3, rel=1e-5)
    assert curves['agreement']['x'] == curves['miou']['x'] == [1, 2, 3, 5, 8]
    assert curves['agreement']['y'][-1] == 1
    assert scalars['miou_all'] == curves['miou']['y'][-1]
    assert scalars['agreement_3'] == curves['agreement']['y'][2]


def test_a_model_that_decides_otherwise_shows(
    tiny_model, tiny_config, monkeypatch
):
    honest = measure(tiny_model, tiny_config)[0]['scalars']
    bypass(tiny_model, monkeypatch)
    found = measure(tiny_model, tiny_config)[0]['scalars']
    for name in ('error_mean', 'error_max'):
        assert found[f'completeness_{name}'] > 0.05
        assert found[f'completeness_{name}_at_cells'] > 0.05
    for kind in ('deletion', 'insertion'):
        name = f'{kind}_gain_over_random_all'
        assert found[name] < honest[name]


def test_steps_can_be_given(tiny_model, tiny_config):
    report, _ = measure(tiny_model, tiny_config, steps=[1, 4, 100])
    assert report['curves']['deletion']['x'] == [0, 1, 4, 8]
    assert 'agreement_1' in report['scalars']
    assert 'agreement_3' not in report['scalars']
    with pytest.raises(ValueError, match='steps'):
        FaithfulnessMetric(steps=[3, -1])


def test_without_ground_truth(tiny_model, tiny_config):
    steps = tiny_config.test_dataloader.dataset.pipeline
    steps[:] = [step for step in steps if step['type'] != 'LoadAnnotations']
    report, _ = measure(tiny_model, tiny_config)
    assert report['scalars']['miou_all'] is None
    assert 'miou' not in report['curves']
    assert report['scalars']['deletion_area'] > 0
    assert any('ground truth' in note for note in report['notes'])


def test_random_orders_are_those_of_the_image(tiny_model, tiny_config):
    reading = measure(tiny_model, tiny_config)[1][0]
    curves = []
    for index in (0, 0, 1):
        reading.index = index
        state = FaithfulnessMetric().measure(reading)
        curves.append(state.removal.probability[0])
    assert torch.equal(curves[0], curves[1])
    assert torch.equal(curves[0][0], curves[2][0])  # by contribution
    assert not torch.allclose(curves[0][1:], curves[2][1:])
