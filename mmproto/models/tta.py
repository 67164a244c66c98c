"""Test-time augmentation that keeps explanations additive."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import SegTTAModel
from torch import Tensor

from mmproto.registry import MODELS
from mmproto.utils.flip_pairs import swap_labels


@MODELS.register_module()
class EvidenceTTAModel(SegTTAModel):
    """Average the evidence of the augmented views.

    mmseg's ``SegTTAModel`` averages softmax probabilities, of which concept
    contributions are no longer parts; evidence stays a sum of them.

    Args:
        flip_pairs: Ids of the classes of the left and the right, which change
            places in a mirrored view; mmseg does not bring them back.
        kwargs: Arguments of mmseg's SegTTAModel.
    """

    def __init__(
        self, flip_pairs: Sequence[Sequence[int]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.flip_pairs = flip_pairs

    def merge_preds(self, data_samples_list: list[list]) -> list:
        """Merge the samples of each image's views into one.

        Args:
            data_samples_list: For each image the predictions of its views,
                brought back to the image's size and orientation by mmseg.

        Returns:
            One sample for each image, with mean evidence and its arg-max.
        """
        merged = []
        for views in data_samples_list:
            evidence = torch.stack([self._evidence(v) for v in views]).mean(0)
            sample = views[0]
            sample.seg_logits = PixelData(data=evidence)
            sample.pred_sem_seg = PixelData(
                data=evidence.argmax(dim=0, keepdim=True)
            )
            merged.append(sample)
        return merged

    def _evidence(self, view: Any) -> Tensor:
        """Return the evidence (C,h,w) of a view for the image's classes."""
        evidence = view.seg_logits.data
        if not view.metainfo.get('flip'):
            return evidence
        order = torch.arange(len(evidence), device=evidence.device)
        return evidence[swap_labels(order, self.flip_pairs)]
