"""mmseg's IoU, which it prints for every class, also as numbers."""

from mmseg.evaluation import IoUMetric


class ClassIoU(IoUMetric):
    """``IoUMetric`` that also returns ``IoU.<class>``, in percent."""

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Add the classes to the means.

        Args:
            results: Of each image, areas (C,) of the intersection, the union,
                the prediction and the labels, in pixels.
        """
        metrics = dict(super().compute_metrics(results))
        intersection, union = (
            sum(image[area] for image in results) for area in (0, 1)
        )
        shares = (100 * intersection / union).tolist()
        names = self.dataset_meta['classes']
        return metrics | {f'IoU.{n}': v for n, v in zip(names, shares)}
