"""mmseg's IoU, with a number for every class."""

from typing import Any

from mmseg.evaluation import IoUMetric

from mmproto.registry import METRICS

PLAIN = ('IoUMetric', 'mmseg.IoUMetric')


@METRICS.register_module()
class ClassIoU(IoUMetric):
    """``IoUMetric`` that also returns ``IoU.<class>``, in percent."""

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Add the IoU of each class to the means.

        Args:
            results: For each image, the areas (C,) of intersection, union,
                prediction and labels, in pixels.
        """
        metrics = dict(super().compute_metrics(results))
        if not metrics:  # with format_only nothing is measured
            return metrics
        intersection, union = (
            sum(image[area] for image in results) for area in (0, 1)
        )
        shares = (100 * intersection / union).tolist()
        names = self.dataset_meta['classes']
        return metrics | {f'IoU.{n}': v for n, v in zip(names, shares)}


def count_classes(evaluator: Any) -> Any:
    """Make mmseg's ``IoUMetric`` return each class besides their mean.

    Args:
        evaluator: ``test_evaluator`` of a config: a dict, a list or ``None``.
    """
    if isinstance(evaluator, (list, tuple)):
        return [count_classes(metric) for metric in evaluator]
    if not evaluator or evaluator['type'] not in PLAIN:
        return evaluator
    return {**evaluator, 'type': 'mmproto.ClassIoU'}
