"""Hook that shows metrics of explanations what the model computes."""

from typing import Any

from mmengine.evaluator import Evaluator
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

    def before_val_epoch(self, runner: Runner) -> None:
        """Start to record for the validation's metrics."""
        self._start(runner, runner.val_loop.evaluator)  # type: ignore

    def before_test_epoch(self, runner: Runner) -> None:
        """Start to record for the test's metrics."""
        self._start(runner, runner.test_loop.evaluator)  # type: ignore

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Leave the model as it was."""
        self._stop()

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Leave the model as it was."""
        self._stop()

    def _start(self, runner: Runner, evaluator: Evaluator) -> None:
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

    def _stop(self) -> None:
        if self._recorder is not None:
            self._recorder.stop()
            self._recorder = None
