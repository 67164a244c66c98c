"""IoU in the band around boundaries, on samples as mmseg gives them."""

import copy
from uuid import uuid4

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image

from mmproto.evaluation import BoundaryMetric
from mmproto.registry import METRICS

NAMES = ('road', 'car', 'sky')


def make_samples(void=255, dtype=torch.int64):
    """Blocks of labels with some void, and what a poor model says."""
    generator = torch.Generator().manual_seed(0)
    samples = []
    for size in ((9, 12), (12, 9)):
        blocks = torch.randint(0, 4, (4, 4), generator=generator)
        blocks[blocks == 3] = void
        labels = blocks.repeat_interleave(3, 0).repeat_interleave(3, 1)
        labels = labels[: size[0], : size[1]].to(dtype)
        guess = torch.randint(0, 3, size, generator=generator)
        right = torch.rand(size, generator=generator) < 0.6
        usable = right & (labels != void)
        guess = torch.where(usable, labels.long(), guess)
        sample = SegDataSample(
            gt_sem_seg=PixelData(data=labels[None]),
            pred_sem_seg=PixelData(data=guess[None]),
        )
        sample.set_metainfo(dict(img_path='a/picture.jpg'))
        samples.append(sample)
    return samples


def evaluate(samples, **options):
    metric = METRICS.build(dict(type='mmproto.BoundaryMetric', **options))
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = dict(classes=NAMES)
    for sample in samples:  # batches of one
        evaluator.process([sample], dict(inputs=[]))
    return evaluator.evaluate(len(samples))


def slow_miou(samples, width, void):
    """Mean IoU in percent, pixel by pixel."""
    both, either = np.zeros(3), np.zeros(3)
    for sample in samples:
        labels = sample.gt_sem_seg.data[0].tolist()
        guess = sample.pred_sem_seg.data[0].tolist()
        for i, row in enumerate(labels):
            for j, label in enumerate(row):
                window = [
                    labels[p][q]
                    for p in range(i - width, i + width + 1)
                    for q in range(j - width, j + width + 1)
                    if 0 <= p < len(labels) and 0 <= q < len(row)
                ]
                if label == void or not set(window) - {label, void}:
                    continue
                both[label] += guess[i][j] == label
                for one in {guess[i][j], label}:
                    either[one] += 1
    return 100 * (both / either).mean()


@pytest.mark.parametrize('width', [1, 2])
@pytest.mark.parametrize(
    'void, dtype', [(255, torch.uint8), (255, torch.int64), (-1, torch.int64)]
)
def test_miou_equals_that_of_loops(width, void, dtype):
    samples = make_samples(void, dtype)
    found = evaluate(samples, width=width, ignore_index=void)
    assert set(found) == {'boundary/aAcc', 'boundary/mIoU', 'boundary/mAcc'}
    expected = slow_miou(samples, width, void)
    assert found['boundary/mIoU'] == pytest.approx(expected, abs=0.006)
    # what the band leaves out would change the number
    everywhere = slow_miou(samples, 20, void)
    assert abs(expected - everywhere) > 0.02


def test_errors_outside_the_band_do_not_count():
    labels = torch.zeros(20, 20, dtype=torch.int64)
    labels[:, 10:] = 1
    guess = labels.clone()
    guess[:, :6] = 2  # four columns stay between it and the other label
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=labels[None]),
        pred_sem_seg=PixelData(data=guess[None]),
    )
    assert evaluate([sample])['boundary/aAcc'] == 100
    found = evaluate([sample], width=5, iou_metrics=['mDice'])
    assert found['boundary/aAcc'] == 90
    assert 'boundary/mDice' in found


def test_samples_stay_as_they_were():
    samples = [sample.to_dict() for sample in make_samples()]
    before = copy.deepcopy(samples)
    metric = BoundaryMetric(width=1)
    metric.dataset_meta = dict(classes=NAMES)
    metric.process({}, samples)
    for one, two in zip(samples, before):
        for key in ('gt_sem_seg', 'pred_sem_seg'):
            assert torch.equal(one[key]['data'], two[key]['data'])


def test_without_ground_truth_it_writes_only(tmp_path):
    sample = make_samples()[0]
    guess = sample.pred_sem_seg.data
    del sample.gt_sem_seg
    options = dict(format_only=True, output_dir=str(tmp_path))
    assert evaluate([sample], **options) == {}
    with Image.open(tmp_path / 'picture.png') as image:
        assert np.array_equal(np.array(image), guess[0])


def test_the_widest_band_is_the_image_with_tta_too(tiny_config):
    metrics = [
        dict(type='IoUMetric', iou_metrics=['mIoU']),
        dict(type='mmproto.BoundaryMetric', width=96),
        dict(type='mmproto.BoundaryMetric', width=1, prefix='narrow'),
    ]
    tiny_config.test_evaluator = metrics
    tiny_config.model = dict(
        type='mmproto.EvidenceTTAModel', module=tiny_config.model
    )
    flips = [dict(type='RandomFlip', prob=prob) for prob in (0.0, 1.0)]
    ends = [dict(type='LoadAnnotations')], [dict(type='PackSegInputs')]
    tiny_config.test_dataloader.dataset.pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='TestTimeAug', transforms=[flips, *ends]),
    ]
    tiny_config.experiment_name = uuid4().hex
    found = Runner.from_cfg(tiny_config).test()
    assert found['boundary/mIoU'] == found['mIoU'] > 0
    assert found['narrow/mIoU'] != found['mIoU']


def test_a_width_below_one_is_refused():
    with pytest.raises(ValueError, match='at least 1 pixel, got 0'):
        BoundaryMetric(width=0)
