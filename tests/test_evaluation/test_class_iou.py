"""IoU of every class against pixels counted one by one."""

import math

import numpy as np
import pytest
import torch

from mmproto.evaluation.class_iou import ClassIoU, count_classes

CLASSES = ('road', 'a wall', 'car', 'nowhere')


def test_every_class():
    rng = np.random.default_rng(0)
    metric = ClassIoU(iou_metrics=['mIoU'])
    metric.dataset_meta = dict(classes=CLASSES)
    pairs = []
    for _ in range(3):
        labels = rng.choice([0, 1, 2, 255], (5, 7))
        predicted = rng.integers(0, 3, (5, 7))
        pairs += zip(labels.flat, predicted.flat)
        sample = {
            'gt_sem_seg': dict(data=torch.from_numpy(labels)[None]),
            'pred_sem_seg': dict(data=torch.from_numpy(predicted)[None]),
        }
        metric.process({}, [sample])
    found = metric.evaluate(3)

    expected = []
    for index, name in enumerate(CLASSES[:3]):
        both = either = 0
        for label, prediction in pairs:
            if label != 255:
                both += label == index and prediction == index
                either += label == index or prediction == index
        expected.append(100 * both / either)
        assert found[f'IoU.{name}'] == pytest.approx(expected[-1])
    assert math.isnan(found['IoU.nowhere'])
    assert found['mIoU'] == pytest.approx(np.mean(expected), abs=0.005)


def test_classes_are_counted_in_any_evaluator():
    iou = dict(type='mmproto.ClassIoU', a=1)
    assert count_classes(dict(type='IoUMetric', a=1)) == iou
    own = [dict(type='mmseg.IoUMetric', a=1), dict(type='x.IoUMetric')]
    assert count_classes(own) == [iou, own[1]]
    assert count_classes(None) is None


def test_nothing_is_measured_where_files_are_only_formatted(tmp_path):
    metric = ClassIoU(format_only=True, output_dir=str(tmp_path))
    metric.dataset_meta = dict(classes=CLASSES)
    assert metric.compute_metrics([None]) == {}
