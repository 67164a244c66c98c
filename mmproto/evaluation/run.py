"""All metrics of explanations on one data set, in one pass."""

import copy
import math
from dataclasses import dataclass, replace
from typing import Any

from mmengine.config import Config
from mmengine.dist import broadcast_object_list
from mmengine.hooks import Hook
from mmengine.runner import Runner, TestLoop
from mmengine.utils import ProgressBar

from mmproto.models.facts import ModelFacts

from .base import ExplanationMetric, Report, check_interval, make_report
from .class_iou import count_classes
from .ood_metric import fitted_thresholds

METRICS = (
    'ExplanationSizeMetric',
    'PurityMetric',
    'ConsistencyMetric',
    'StabilityMetric',
    'FaithfulnessMetric',
    'OODMetric',
    'ScaleIndependenceMetric',
    'DiversityMetric',
    'BoundarySharpnessMetric',
)
# These run the network again on some images.
RERUNNING = (
    'StabilityMetric',
    'FaithfulnessMetric',
    'ScaleIndependenceMetric',
)
UNKNOWN = 'OODMetric on unknown objects'


@dataclass(frozen=True)
class Evaluation:
    """Findings of the metrics.

    Args:
        accuracy: Numbers of the config's other metrics, such as mIoU and the
            IoU of every class; ``None`` for NaN.
        reports: Report of each metric of explanations, by name.
        num_images: Images that were measured.
        classes: Names of the classes.
        surrogate: What the model says about being one, if it is.
    """

    accuracy: dict[str, float | None]
    reports: dict[str, Report]
    num_images: int
    classes: list[str]
    surrogate: dict | None = None


class _MetaHook(Hook):
    """Keeps what the checkpoint says about its data set."""

    def __init__(self) -> None:
        self.dataset_meta: dict = {}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remember it: the runner does not."""
        meta = checkpoint.get('meta') or {}
        self.dataset_meta = meta.get('dataset_meta') or {}


class _ProgressHook(Hook):
    """Draws a bar while a model is tested."""

    def before_test_epoch(self, runner: Runner) -> None:
        """Start a bar."""
        if runner.rank == 0:
            self._bar = ProgressBar(len(runner.test_dataloader))

    def after_test_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Move on by a batch."""
        if runner.rank == 0:
            self._bar.update()


def evaluate_explanations(cfg: Config, interval: int = 25) -> Evaluation:
    """Measure the explanations of a model on the test data of its config.

    The config's own metrics are measured in the same pass. Where the config
    has an ``ood_dataloader``, unknown objects are searched for in its images,
    by thresholds fitted on the test data.

    Args:
        cfg: With ``load_from`` and ``work_dir``; not changed.
        interval: Every ``interval``-th image is shown to the metrics that run
            the network again.

    Returns:
        The findings; complete on the main rank only.

    Raises:
        ValueError: If the interval is below one or the model has no
            prototype head.
    """
    cfg = _with_metrics(cfg, check_interval(interval))
    runner = Runner.from_cfg(cfg)
    runner.register_hook(_ProgressHook())
    loaded = _MetaHook()
    runner.register_hook(loaded)
    evaluation = _test(runner)
    surrogate = ModelFacts.of(runner.model, loaded.dataset_meta).surrogate
    if surrogate is not None:
        evaluation = replace(evaluation, surrogate=surrogate.to_dict())
    if 'ood_dataloader' in cfg:
        known = evaluation.reports.get('OODMetric')
        unknown = _test_unknown(runner, cfg.ood_dataloader, known)
        evaluation.reports[UNKNOWN] = unknown
    return evaluation


def _with_metrics(cfg: Config, interval: int) -> Config:
    cfg = copy.deepcopy(cfg)
    own = count_classes(cfg.test_evaluator)
    evaluators = list(own) if isinstance(own, (list, tuple)) else [own]
    present = {_name(metric) for metric in evaluators}
    for name in METRICS:
        if name not in present:
            options = dict(interval=interval) if name in RERUNNING else {}
            evaluators.append(dict(type=f'mmproto.{name}', **options))
    cfg.test_evaluator = evaluators
    hooks = list(cfg.get('custom_hooks') or [])
    needed = 'mmproto.ExplanationMetricsHook'
    if not any(hook['type'] == needed for hook in hooks):
        hooks.append(dict(type=needed))
    cfg.custom_hooks = hooks
    return cfg


def _test(runner: Runner) -> Evaluation:
    numbers = runner.test()
    measured = [
        metric
        for metric in runner.test_loop.evaluator.metrics  # type: ignore
        if isinstance(metric, ExplanationMetric)
    ]
    prefixes = {metric.prefix for metric in measured}
    return Evaluation(
        accuracy={
            name: None if math.isnan(value) else float(value)
            for name, value in numbers.items()
            if name.partition('/')[0] not in prefixes
        },
        reports={
            type(metric).__name__: metric.report
            for metric in measured
            if metric.report is not None
        },
        num_images=len(runner.test_dataloader.dataset),
        classes=list(runner.test_dataloader.dataset.metainfo['classes']),
    )


def _test_unknown(
    runner: Runner, loader: dict, known: Report | None
) -> Report:
    """Look for unknown objects by thresholds fitted on known ones."""
    try:
        # all ranks have to agree, and the first one alone has the report
        thresholds = [_thresholds(known)]
        broadcast_object_list(thresholds)
        own = next(
            m for m in runner.cfg.test_evaluator if _name(m) == 'OODMetric'
        )
        metric = dict(own, thresholds=thresholds[0])
        loop = TestLoop(runner, loader, [metric])
    except FileNotFoundError as error:
        return make_report({}, notes=[f'not measured: {error}'])
    runner._test_loop = loop  # hooks ask the runner for its loop
    loop.run()
    return loop.evaluator.metrics[0].report or make_report({})


def _name(metric: dict) -> str:
    """Return the type of a metric without its scope."""
    return metric['type'].rpartition('.')[2]


def _thresholds(known: Report | None) -> dict[str, float] | None:
    try:
        return known and fitted_thresholds(known)
    except ValueError:  # no ground truth to fit them to
        return None
