"""Test-time augmentation that keeps explanations additive."""

import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import SegTTAModel

from mmproto.registry import MODELS


@MODELS.register_module()
class EvidenceTTAModel(SegTTAModel):
    """Average the evidence of the augmented views.

    mmseg's ``SegTTAModel`` averages softmax probabilities, of which concept
    contributions are no longer parts; evidence stays a sum of them.
    """

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
            evidence = torch.stack([v.seg_logits.data for v in views]).mean(0)
            sample = views[0]
            sample.seg_logits = PixelData(data=evidence)
            sample.pred_sem_seg = PixelData(
                data=evidence.argmax(dim=0, keepdim=True)
            )
            merged.append(sample)
        return merged
