"""How the cells of a feature map lie in an image, and how far a loop is."""

from types import SimpleNamespace

import pytest
import torch

from mmproto.prototypes import features as module
from mmproto.prototypes.features import (
    ImageFeatures,
    iterate_features,
    resize_by,
)

# label map, network input without and with padding, feature map
SIZES = {
    'plain': ((24, 32), (24, 32), (24, 32), (3, 4)),
    'uneven cells': ((23, 30), (23, 30), (23, 30), (4, 7)),
    'resized': ((20, 33), (30, 44), (30, 44), (5, 6)),
    'padded': ((21, 30), (21, 30), (32, 48), (4, 6)),
    'resized and padded': ((20, 27), (31, 40), (48, 48), (6, 5)),
    'smaller than pixels': ((3, 5), (24, 40), (24, 40), (6, 10)),
}


def features(label_map, resized, padded):
    original = tuple(label_map.shape)
    return ImageFeatures('a.png', (), label_map, original, resized, padded)


def purity_by_hand(labels, resized, padded, cells):
    """Loop over cells and pixels, in floating point."""
    purity = torch.zeros(cells)
    step = [p / c for p, c in zip(padded, cells)]
    scale = [r / s for r, s in zip(resized, labels.shape)]
    for row in range(cells[0]):
        for column in range(cells[1]):
            middle = (row + 0.5) * step[0], (column + 0.5) * step[1]
            if middle[0] >= resized[0] or middle[1] >= resized[1]:
                continue
            label = labels[
                int(middle[0] / scale[0] + 1e-9),
                int(middle[1] / scale[1] + 1e-9),
            ]
            same = [
                labels[y, x] == label
                for y in range(labels.shape[0])
                for x in range(labels.shape[1])
                if row == int((y + 0.5) * scale[0] / step[0] + 1e-9)
                and column == int((x + 0.5) * scale[1] / step[1] + 1e-9)
            ]
            purity[row, column] = sum(same) / len(same) if same else 1
    return purity


@pytest.mark.parametrize('name', SIZES)
def test_purity_of_cells_equals_a_count(name):
    size, resized, padded, cells = SIZES[name]
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, size, generator=generator)
    labels[2:6] = 1
    labels[:, -3] = 255
    found = features(labels, resized, padded).cell_purity(cells)
    expected = purity_by_hand(labels, resized, padded, cells)
    torch.testing.assert_close(found, expected)
    assert found.unique().numel() > 2 or 'smaller' in name


def test_purity_of_cells_in_the_padding_is_zero():
    labels = torch.zeros(16, 24, dtype=torch.long)
    found = features(labels, (16, 24), (32, 32)).cell_purity((4, 4))
    assert torch.equal(found[:2, :3], torch.ones(2, 3))
    assert found.sum() == 6


def test_without_ground_truth_no_cell_is_pure():
    image = ImageFeatures('a.png', (), None, (8, 8), (8, 8), (8, 8))
    assert torch.equal(image.cell_purity((2, 2)), torch.zeros(2, 2))


def test_resizing_rounds():
    image = torch.arange(30.0).view(1, 1, 5, 6)
    assert resize_by(image, 2.0).shape == (1, 1, 10, 12)
    assert resize_by(image, 0.5).shape == (1, 1, 2, 3)
    assert resize_by(image, 1.0).equal(image)


class SlowBatches:
    """Empty batches, each after some seconds on a clock of its own."""

    def __init__(self, seconds):
        self.seconds, self.now = seconds, 100.0

    def __iter__(self):
        for seconds in self.seconds:
            self.now += seconds
            yield dict(inputs=[], data_samples=[])


class CountedBatches(SlowBatches):
    def __len__(self):
        return len(self.seconds)


@pytest.mark.parametrize(
    ('batches', 'lines'),
    [
        # no line in the first ten seconds, nor ten after another
        (
            CountedBatches([6, 6, 3, 25, 20, 0, 60]),
            [
                'Usage: batch 2 of 7, 0:30 left',  # 6 s a batch
                'Usage: batch 4 of 7, 0:30 left',  # 10 s
                'Usage: batch 5 of 7, 0:24 left',  # 12 s
                'Usage: batch 7 of 7, 0:00 left',
            ],
        ),
        (CountedBatches([40] * 20), ['Usage: batch 1 of 20, 12:40 left']),
        (CountedBatches([60] * 99), ['Usage: batch 1 of 99, 1:38:00 left']),
        (SlowBatches([11, 1]), ['Usage: batch 1']),
    ],
)
def test_progress_lines_say_how_long_it_takes(batches, lines, monkeypatch):
    said = []
    clock = SimpleNamespace(monotonic=lambda: batches.now)
    monkeypatch.setattr(module, 'time', clock)
    monkeypatch.setattr(
        module, 'print_log', lambda text, logger: said.append(text)
    )
    assert list(iterate_features(None, batches, 'Usage')) == []
    assert said[: len(lines)] == lines
    assert len(said) <= len(batches.seconds)
