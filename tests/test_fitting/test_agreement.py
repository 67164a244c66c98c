import math

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmproto.fitting.agreement import class_ious, mean_iou, measure_agreement

CLASSES = ['road', 'car', 'sky']


class Says(torch.nn.Module):
    """Gives each image a map of classes, into the samples as mmseg does."""

    def __init__(self, maps):
        super().__init__()
        self.maps = maps

    def test_step(self, batch):
        for sample in batch['data_samples']:
            said = self.maps[sample.metainfo['img_path']]
            sample.pred_sem_seg = PixelData(data=said[None])
        return batch['data_samples']


def sample(path, labels=None):
    found = SegDataSample(metainfo=dict(img_path=path))
    if labels is not None:
        found.gt_sem_seg = PixelData(data=labels[None])
    return found


@pytest.fixture
def maps():
    """Maps (4,5) of three images: black box, concept model, labels."""
    rng = np.random.default_rng(0)
    box, own, labels = (
        {
            path: torch.from_numpy(rng.integers(0, 2, (4, 5)))
            for path in ('a.png', 'b.png', 'c.png')
        }
        for _ in range(3)
    )
    labels['b.png'][0] = 255
    return box, own, labels


def compare(box, own, labels):
    batches = [['a.png', 'b.png'], ['c.png']]
    loader = [
        dict(inputs=[], data_samples=[sample(p, labels.get(p)) for p in paths])
        for paths in batches
    ]
    return measure_agreement(Says(box), Says(own), loader, CLASSES)


def test_agreement_is_that_of_a_loop_over_pixels(maps):
    box, own, labels = maps
    found = compare(box, own, labels)
    pairs = [
        (int(b), int(o))
        for path in box
        for b, o in zip(box[path].flatten(), own[path].flatten())
    ]
    assert found.agreement == sum(b == o for b, o in pairs) / len(pairs)
    kept = [o == 1 for b, o in pairs if b == 1]
    assert found.class_agreement()['car'] == pytest.approx(
        sum(kept) / len(kept)
    )
    assert found.class_agreement()['sky'] is None
    largest = found.largest_differences()[0]
    both = [[(0, 1), (1, 0)][largest['black_box'] == 'car']]
    assert largest['share'] == sum(p in both for p in pairs) / len(pairs)


def test_images_with_the_least_agreement_come_first(maps):
    box, own, labels = maps
    own['c.png'] = 1 - box['c.png']
    own['a.png'] = box['a.png']
    found = compare(box, own, labels).least_agreeing_images()
    assert list(found) == ['c.png', 'b.png', 'a.png']
    assert found['c.png'] == 0 and found['a.png'] == 1


def test_iou_is_that_of_a_loop_over_labelled_pixels(maps):
    box, own, labels = maps
    found = compare(box, own, labels)
    for counts, said in ((found.black_box, box), (found.concepts, own)):
        for index in (0, 1):
            hits = union = 0
            for path, truth in labels.items():
                known = truth != 255
                here = (said[path] == index) & known
                there = (truth == index) & known
                hits += int((here & there).sum())
                union += int((here | there).sum())
            assert class_ious(counts)[index] == pytest.approx(
                100 * hits / union
            )
        assert class_ious(counts)[2] is None
        assert mean_iou(counts) == pytest.approx(
            sum(class_ious(counts)[:2]) / 2
        )


def test_without_labels_there_is_agreement_but_no_iou(maps):
    box, own, _ = maps
    found = compare(box, own, {})
    assert mean_iou(found.black_box) is None
    assert math.isfinite(found.agreement)


def test_no_image_is_refused():
    with pytest.raises(ValueError, match='no image to compare'):
        measure_agreement(Says({}), Says({}), [], CLASSES)
