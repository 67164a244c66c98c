"""Two views of one crop, for the alignment loss."""

from collections.abc import Sequence
from copy import deepcopy

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose, pseudo_collate
from mmengine.structures import BaseDataElement

from mmproto.registry import FUNCTIONS, TRANSFORMS

Window = tuple[int, int, int, int]  # top, left, height, width in pixels


@TRANSFORMS.register_module()
class TwoViews(BaseTransform):
    """End a train pipeline twice, with different random colours.

    Everything before it (loading, resizing, cropping, flipping) happens once,
    so that a location shows the same place in both views. With ``zoom`` the
    second view is a window of the first, at a random place and enlarged by
    that factor: the network has to recognise it at another scale. Keep the
    colours natural: mmseg's ``PhotoMetricDistortion`` with ``hue_delta=1``
    changes the hue by at most 2 degrees, while its default of 18 turns a red
    light yellow::

        dict(
            type='mmproto.TwoViews',
            view_transforms=[
                dict(type='PhotoMetricDistortion', hue_delta=1),
                dict(type='PackSegInputs'),
            ])

    The data loader needs ``collate_fn=dict(type='mmproto.two_view_collate')``.
    Its batch size counts images: twice as many samples reach the model.

    Args:
        view_transforms: Photometric transforms, then ``PackSegInputs``.
        zoom: How many times larger the second view shows things, at least 1.

    Raises:
        ValueError: If there are no transforms, or the zoom is below 1.
    """

    def __init__(
        self, view_transforms: Sequence[dict], zoom: float = 1.0
    ) -> None:
        super().__init__()
        if not view_transforms:
            raise ValueError(
                'TwoViews: view_transforms is empty, expected photometric '
                "transforms and dict(type='PackSegInputs') as the last"
            )
        if not zoom >= 1:
            raise ValueError(
                f'TwoViews: zoom is {zoom}, expected at least 1: the second '
                'view shows a part of the first'
            )
        self.view_transforms = Compose(view_transforms)
        self.zoom = zoom

    def transform(self, results: dict) -> list[dict] | None:
        """Make both views.

        Args:
            results: What the pipeline has made so far; it is not changed.

        Returns:
            Two packed samples, or None if a transform gave up on the image.
            Their data samples have the meta values ``view``, 0 or 1, and
            ``window``, the part of the first view that they show: top, left,
            height and width in its pixels.

        Raises:
            ValueError: If a view is not packed, or if its transforms changed
                the label map.
        """
        height, width = results['img'].shape[:2]
        whole = (0, 0, height, width)
        views = []
        for view, window in enumerate((whole, self._draw_window(whole))):
            shown = show_window(deepcopy(results), window)
            labels = deepcopy(shown.get('gt_seg_map'))
            sample = self.view_transforms(shown)
            if sample is None:
                return None
            if not isinstance(sample, dict) or 'data_samples' not in sample:
                raise ValueError(
                    'TwoViews: view_transforms gave no packed sample; its '
                    "last transform has to be dict(type='PackSegInputs')"
                )
            sample['data_samples'].set_metainfo(
                {'view': view, 'window': window}
            )
            _check_unmoved(labels, sample['data_samples'])
            views.append(sample)
        return views

    def _draw_window(self, whole: Window) -> Window:
        """Place the second view at random in the first."""
        size = [max(1, round(side / self.zoom)) for side in whole[2:]]
        top, left = (
            np.random.randint(side - part + 1)
            for side, part in zip(whole[2:], size)
        )
        return top, left, size[0], size[1]

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(view_transforms={self.view_transforms}, '
            f'zoom={self.zoom})'
        )


def show_window(results: dict, window: Window) -> dict:
    """Enlarge a window of the image and its label map to the size of both.

    Args:
        results: With ``img`` (h,w,3) and the maps in ``seg_fields``.
        window: Top, left, height and width in pixels.

    Returns:
        ``results``, changed in place.
    """
    rows, columns = results['img'].shape[:2]
    if window == (0, 0, rows, columns):
        return results
    top, left, height, width = window
    fields = [('img', 'bilinear')]
    fields += [(field, 'nearest') for field in results['seg_fields']]
    for field, interpolation in fields:
        part = results[field][top : top + height, left : left + width]
        results[field] = mmcv.imresize(
            part, (columns, rows), interpolation=interpolation
        )
    return results


def _check_unmoved(labels: np.ndarray | None, packed: BaseDataElement) -> None:
    """Refuse a view that shows another place than its window does."""
    if labels is None or 'gt_sem_seg' not in packed:
        return
    if not np.array_equal(packed.gt_sem_seg.data[0].numpy(), labels):
        raise ValueError(
            'TwoViews: a transform in view_transforms changed the label map, '
            'so it moves pixels; put resizing, cropping and flipping before '
            'TwoViews'
        )


@FUNCTIONS.register_module()
def two_view_collate(
    batch: Sequence[Sequence[dict]], second_views: int | None = None
) -> dict:
    """Batch pairs of views: all first views, then the second ones.

    Args:
        batch: Pairs of samples from :class:`TwoViews`.
        second_views: Number of images, the first ones, whose second view is
            kept; all by default. Fewer leave room for more images.

    Returns:
        What mmengine's ``pseudo_collate`` makes of the samples.

    Raises:
        ValueError: If an element is not a pair, or ``second_views`` is
            negative or zero.
    """
    for pair in batch:
        if isinstance(pair, dict) or len(pair) != 2:
            raise ValueError(
                'two_view_collate: got a sample that is not a pair of views; '
                "end the train pipeline with dict(type='mmproto.TwoViews')"
            )
    if second_views is not None and second_views < 1:
        raise ValueError(
            f'two_view_collate: second_views is {second_views}, expected at '
            'least 1, or None for one of each image'
        )
    first = [pair[0] for pair in batch]
    second = [pair[1] for pair in batch[:second_views]]
    return pseudo_collate(first + second)
