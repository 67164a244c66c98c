"""Metrics of explanations in the evaluators of a run."""

from uuid import uuid4

import pytest
from mmengine.runner import Runner

SIZE = 'size/local_size_needed'


def build(cfg, hook=True):
    cfg.experiment_name = uuid4().hex  # runners of one name share their logs
    cfg.custom_hooks = (
        [dict(type='mmproto.ExplanationMetricsHook')] if hook else []
    )
    return Runner.from_cfg(cfg)


def with_metric(evaluator):
    return [evaluator, dict(type='mmproto.ExplanationSizeMetric')]


def slow_local_size(model, loader):
    """Concepts that reach 95 % of the winning evidence, cell by cell."""
    sizes = []
    weights = model.decode_head.class_weights
    for batch in loader:
        data = model.data_preprocessor(batch, False)
        maps = model.extract_feat(data['inputs'])
        activations = model.decode_head.activations(maps)[0]
        for cell in activations.permute(0, 2, 3, 1).flatten(0, 2):
            winner = (weights @ cell).argmax()
            parts = sorted((weights[winner] * cell).tolist(), reverse=True)
            reached, number = 0.0, 0
            while reached < 0.95 * sum(parts):
                reached += parts[number]
                number += 1
            sizes.append(number)
    return sum(sizes) / len(sizes)


@pytest.mark.smoke
def test_metrics_of_a_test(tiny_config):
    tiny_config.test_evaluator = with_metric(tiny_config.test_evaluator)
    runner = build(tiny_config)
    numbers = runner.test()
    assert 'mIoU' in numbers
    expected = slow_local_size(runner.model, runner.test_dataloader)
    assert numbers[SIZE] == pytest.approx(expected, abs=0.01)


def test_metrics_of_every_validation(tiny_config):
    tiny_config.val_evaluator = with_metric(tiny_config.val_evaluator)
    tiny_config.train_cfg.update(max_iters=2, val_interval=1)
    runner = build(tiny_config)
    parts = (runner.model, runner.model.decode_head)
    before = [set(vars(part)) for part in parts]
    runner.train()
    logged = runner.message_hub.get_scalar(f'val/{SIZE}')
    assert len(logged.data[0]) == 2
    assert [set(vars(part)) for part in parts] == before


def test_without_metrics_nothing_is_recorded(tiny_config, monkeypatch):
    monkeypatch.setattr(
        'mmproto.evaluation.recorder.ConceptRecorder.start',
        lambda self: pytest.fail('records without need'),
    )
    assert 'mIoU' in build(tiny_config).test()


def test_a_missing_hook_is_named(tiny_config):
    tiny_config.test_evaluator = with_metric(tiny_config.test_evaluator)
    with pytest.raises(ValueError, match='ExplanationMetricsHook'):
        build(tiny_config, hook=False).test()


def test_a_black_box_is_refused(tiny_config):
    tiny_config.test_evaluator = with_metric(tiny_config.test_evaluator)
    tiny_config.model.neck = None
    tiny_config.model.decode_head = dict(
        type='FCNHead',
        in_channels=128,
        in_index=3,
        channels=8,
        num_classes=4,
    )
    with pytest.raises(ValueError, match='expected an mmproto.PrototypeHead'):
        build(tiny_config).test()
