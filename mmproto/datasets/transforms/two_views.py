"""Two photometric views of one geometric crop, for the alignment loss."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose, pseudo_collate

from mmproto.registry import FUNCTIONS, TRANSFORMS


@TRANSFORMS.register_module()
class TwoViews(BaseTransform):
    """Ends a train pipeline twice, with different random colours.

    Everything before it (loading, resizing, cropping, flipping) happens once,
    so that a location shows the same place in both views. Keep the colours
    natural: mmseg's ``PhotoMetricDistortion`` with ``hue_delta=1`` changes
    the hue by at most 2 degrees, while its default of 18 turns a red light
    yellow::

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

    Raises:
        ValueError: If there are no transforms.
    """

    def __init__(self, view_transforms: Sequence[dict]) -> None:
        super().__init__()
        if not view_transforms:
            raise ValueError(
                'TwoViews: view_transforms is empty, expected photometric '
                "transforms and dict(type='PackSegInputs') as the last"
            )
        self.view_transforms = Compose(view_transforms)

    def transform(self, results: dict) -> list[dict] | None:
        """Make both views.

        Args:
            results: What the pipeline has so far; it is not changed.

        Returns:
            Two packed samples, whose data samples have the meta value
            ``view`` 0 and 1; None if a transform gave up on the image.

        Raises:
            ValueError: If a view is not packed, or if the label maps of the
                views differ.
        """
        views = []
        for view in (0, 1):
            sample = self.view_transforms(deepcopy(results))
            if sample is None:
                return None
            if not isinstance(sample, dict) or 'data_samples' not in sample:
                raise ValueError(
                    'TwoViews: view_transforms gave no packed sample; its '
                    "last transform has to be dict(type='PackSegInputs')"
                )
            sample['data_samples'].set_metainfo({'view': view})
            views.append(sample)
        _check_same_labels(*[view['data_samples'] for view in views])
        return views

    def __repr__(self) -> str:
        return f'{type(self).__name__}(view_transforms={self.view_transforms})'


def _check_same_labels(first: object, second: object) -> None:
    """Refuse views that do not show the same place at the same location."""
    labels = [
        view.gt_sem_seg.data
        for view in (first, second)
        if hasattr(view, 'gt_sem_seg')
    ]
    if len(labels) == 2 and not torch.equal(*labels):
        raise ValueError(
            'TwoViews: the label maps of the two views differ, so a transform '
            'in view_transforms moves pixels; put resizing, cropping and '
            'flipping before TwoViews'
        )


@FUNCTIONS.register_module()
def two_view_collate(batch: Sequence[Sequence[dict]]) -> dict:
    """Batch of pairs, ordered all first views and then all second views.

    Args:
        batch: Pairs of samples from :class:`TwoViews`.

    Returns:
        What mmengine's ``pseudo_collate`` makes of the 2B samples.

    Raises:
        ValueError: If an element is not a pair.
    """
    for pair in batch:
        if isinstance(pair, dict) or len(pair) != 2:
            raise ValueError(
                'two_view_collate: got a sample that is not a pair of views; '
                "end the train pipeline with dict(type='mmproto.TwoViews')"
            )
    return pseudo_collate([pair[view] for view in (0, 1) for pair in batch])
