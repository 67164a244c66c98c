import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmproto.checkpoints.comparison import compare_models

CLASSES = ['road', 'car', 'sky']
PATHS = ['a.png', 'b.png', 'c.png']


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


@pytest.fixture
def maps():
    """Maps (4,5) of three images: first and second model, labels."""
    rng = np.random.default_rng(0)
    first, second, labels = (
        {path: torch.from_numpy(rng.integers(0, 2, (4, 5))) for path in PATHS}
        for _ in range(3)
    )
    labels['b.png'][0] = 255
    return first, second, labels


def compare(first, second, labels, **options):
    def sample(path):
        found = SegDataSample(metainfo=dict(img_path=path))
        if path in labels:
            found.gt_sem_seg = PixelData(data=labels[path][None])
        return found

    loader = [
        dict(inputs=[], data_samples=[sample(path) for path in paths])
        for paths in (PATHS[:2], PATHS[2:])
    ]
    models = (Says(first), Says(second))
    return compare_models(models, loader, CLASSES, **options)


def test_agreement_is_that_of_a_loop_over_pixels(maps):
    first, second, labels = maps
    found = compare(first, second, labels)
    pairs = [
        (int(a), int(b))
        for path in first
        for a, b in zip(first[path].flatten(), second[path].flatten())
    ]
    assert found.agreement == sum(a == b for a, b in pairs) / len(pairs)
    roads = sum(a == 0 for a, _ in pairs)
    commonest = max(roads, len(pairs) - roads) / len(pairs)
    assert found.commonest == commonest
    kept = [b == 1 for a, b in pairs if a == 1]
    shares = found.class_agreement()
    assert shares['car'] == pytest.approx(sum(kept) / len(kept))
    assert shares['sky'] is None
    expected = {
        (CLASSES[a], CLASSES[b]): pairs.count((a, b)) / len(pairs)
        for a, b in ((0, 1), (1, 0))
    }
    differences = found.differences(most=2)
    assert {pair[:2]: pair[2] for pair in differences} == expected
    assert differences[0][2] >= differences[1][2]
    assert found.differences(most=1) == differences[:1]


def test_each_image_has_its_own_agreement(maps):
    first, second, labels = maps
    second['c.png'] = 1 - first['c.png']
    second['a.png'] = first['a.png']
    images = compare(first, second, labels).images
    assert images['a.png'] == 1 and images['c.png'] == 0
    assert 0 < images['b.png'] < 1


@pytest.mark.parametrize('ignored', [255, 1])
def test_iou_is_that_of_a_loop_over_labelled_pixels(maps, ignored):
    first, second, labels = maps
    labels['b.png'][labels['b.png'] == 255] = ignored
    found = compare(first, second, labels, ignore_index=ignored)
    for ious, said in zip(found.ious, (first, second)):
        for index in (0, 1):
            hits = union = 0
            for path, truth in labels.items():
                known = truth != ignored
                here = (said[path] == index) & known
                there = (truth == index) & known
                hits += int((here & there).sum())
                union += int((here | there).sum())
            assert ious[index] == pytest.approx(100 * hits / union)
        assert ious[2].isnan()
    assert found.labelled


def test_without_labels_there_is_agreement_but_no_iou(maps):
    first, second, _ = maps
    found = compare(first, second, {})
    assert not found.labelled
    same = [first[path] == second[path] for path in PATHS]
    assert found.agreement == float(torch.stack(same).double().mean())


def test_no_image_is_refused():
    with pytest.raises(ValueError, match='the test data is empty'):
        compare_models((Says({}), Says({})), [], CLASSES)
