"""TTA averages evidence."""

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmproto.models import EvidenceTTAModel


def test_evidence_is_averaged_and_not_probabilities():
    views = [
        torch.tensor([[[0.0]], [[9.0]]]),
        torch.tensor([[[10.0]], [[0.0]]]),
    ]
    views = [
        SegDataSample(seg_logits=PixelData(data=evidence))
        for evidence in views
    ]
    segmentor = torch.nn.Identity()
    segmentor.test_step = None  # only merging is tested
    model = EvidenceTTAModel(module=segmentor)
    merged = model.merge_preds([views])[0]
    assert merged.seg_logits.data.flatten().tolist() == [5.0, 4.5]
    assert merged.pred_sem_seg.data.tolist() == [[[0]]]
