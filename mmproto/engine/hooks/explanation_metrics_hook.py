"""Hook that shows metrics of explanations what the model computes."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmproto.evaluation.base import ExplanationMetric
from mmproto.evaluation.recorder import ConceptRecorder
from mmproto.registry import HOOKS


@HOOKS.register_module()
class ExplanationMetricsHook(Hook):
    """Record predictions for mmproto's metrics of explanations.

    mmengine gives a metric the predicted logits, not the concepts behind
    them. Where ``val_evaluator`` or ``test_evaluator`` holds such a metric,
    this hook keeps what the model computes while it predicts. Without one it
    does nothing.
    """

    def __init__(self) -> None:
        self._recorder: Any = None

    def _before_epoch(self, runner: Runner, mode: str = 'train') -> None:
        """Start to record for the metrics of a validation or test."""
        if mode == 'train':
            return
        evaluator = getattr(runner, f'{mode}_loop').evaluator
        metrics = [
            metric
            for metric in evaluator.metrics
            if isinstance(metric, ExplanationMetric)
        ]
        if not metrics:
            return
        self._recorder = ConceptRecorder(runner.model, evaluator.dataset_meta)
        self._recorder.start()
        for metric in metrics:
            metric.recorder = self._recorder

    def _after_epoch(self, runner: Runner, mode: str = 'train') -> None:
        """Leave the model as it was."""
        if self._recorder is not None:
            self._recorder.stop()
            self._recorder = None
