"""TTA averages evidence."""

import pytest
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


@pytest.mark.parametrize('direction', ['horizontal', 'vertical'])
def test_the_left_of_a_mirrored_view_is_the_right(direction):
    """Two views that agree, once the classes 1 and 2 are brought back."""
    plain = SegDataSample(
        seg_logits=PixelData(data=torch.tensor([[[1.0]], [[8.0]], [[3.0]]])),
        metainfo=dict(flip=False, flip_direction=None),
    )
    mirrored = SegDataSample(
        seg_logits=PixelData(data=torch.tensor([[[2.0]], [[5.0]], [[6.0]]])),
        metainfo=dict(flip=True, flip_direction=direction),
    )
    segmentor = torch.nn.Identity()
    segmentor.test_step = None  # only merging is tested
    model = EvidenceTTAModel(module=segmentor, flip_pairs=[(1, 2)])
    merged = model.merge_preds([[plain, mirrored]])[0]
    assert merged.seg_logits.data.flatten().tolist() == [1.5, 7.0, 4.0]
    assert merged.pred_sem_seg.data.tolist() == [[[1]]]
