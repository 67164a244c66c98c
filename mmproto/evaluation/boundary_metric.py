"""Accuracy near the boundaries of labels, for any segmentor."""

from collections.abc import Sequence
from typing import Any

from mmseg.evaluation import IoUMetric

from mmproto.registry import METRICS

from .functional.boundary_band import boundary_band


@METRICS.register_module()
class BoundaryMetric(IoUMetric):
    """IoU of the pixels in a band around label boundaries (trimap IoU).

    A pixel is in the band if a pixel of another label is at most ``width``
    away, in rows and in columns. Void is no label: an edge towards void makes
    no band.

    Source: Kohli, Ladicky and Torr, *Robust Higher Order Potentials for
    Enforcing Label Consistency*, IJCV 2009; Chen et al., *Encoder-Decoder
    with Atrous Separable Convolution*, ECCV 2018, section 4.3.

    Args:
        width: Half the width of the band, in pixels of the label map.
        **kwargs: Passed to mmseg's ``IoUMetric``.

    Raises:
        ValueError: If the width is below one.
    """

    default_prefix = 'boundary'

    def __init__(self, width: int = 4, **kwargs: Any) -> None:
        if width < 1:
            raise ValueError(
                f'width must be at least 1 pixel, got {width}: a boundary '
                'lies between two pixels'
            )
        super().__init__(**kwargs)
        self.width = width

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count the pixels of the band.

        Args:
            data_batch: Batch of the data loader.
            data_samples: mmseg's predictions, as dicts; not changed.
        """
        if not self.format_only:  # else there may be no ground truth
            data_samples = [self._only_band(sample) for sample in data_samples]
        super().process(data_batch, data_samples)

    def _only_band(self, sample: dict) -> dict:
        """Copy a sample, with void labels outside the band."""
        truth = sample['gt_sem_seg']
        labels = truth['data'].long()  # 1,h,w; uint8 has no negative void
        band = boundary_band(labels[0], self.width, self.ignore_index)
        masked = labels.masked_fill(~band, self.ignore_index)
        return {**sample, 'gt_sem_seg': {**truth, 'data': masked}}
