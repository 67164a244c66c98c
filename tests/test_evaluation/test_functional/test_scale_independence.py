"""Scale independence against loops, scipy and planted movements."""

from collections import deque

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from mmproto.evaluation.functional.scale_independence import (
    BINS,
    ScaleState,
    compare_sizes,
    kappa,
    object_sizes,
    rank_correlation,
    scale_moves,
    size_labels,
    sort_by_size,
)
from mmproto.evaluation.functional.states import merge_states

K, C, S, H, W = 5, 3, 3, 4, 6


def zeros():
    """Sums before the first image."""
    shapes = (), (2, 2), (2, 2), (2, 2, 2, K + 1), (2, S, S), (BINS, S)
    return ScaleState(*(torch.zeros(s, dtype=torch.int64) for s in shapes))


def top(weights, activations, predicted):
    """Concept with the largest contribution at one cell."""
    found, best = 0, -1.0
    for concept in range(len(activations)):
        value = float(weights[predicted, concept] * activations[concept])
        if value > best:
            found, best = concept, value
    return found


def there(other, row, column, factor):
    """Activations and scales at the centre of a cell of size one."""
    activations, scales = other
    if factor == 2:  # four cells meet at the centre
        rows, columns = (2 * row, 2 * row + 1), (2 * column, 2 * column + 1)
        block = activations[:, rows][:, :, columns]
        return block.mean(dim=(1, 2)), scales[:, rows[1], columns[1]]
    mixed = torch.zeros(len(activations))
    limit = activations.shape[1] - 1, activations.shape[2] - 1
    y, x = (row + 0.5) / 2 - 0.5, (column + 0.5) / 2 - 0.5
    for i in (int(np.floor(y)), int(np.floor(y)) + 1):
        for j in (int(np.floor(x)), int(np.floor(x)) + 1):
            share = (1 - abs(y - i)) * (1 - abs(x - j))
            place = min(max(i, 0), limit[0]), min(max(j, 0), limit[1])
            mixed += share * activations[:, place[0], place[1]]
    return mixed, scales[:, row // 2, column // 2]


@pytest.mark.parametrize('factor', [2, 0.5])
def test_comparison_equals_loops(factor):
    generator = torch.Generator().manual_seed(3)
    size = int(H * factor), int(W * factor)
    activations = torch.rand(K, H, W, generator=generator)
    scales = torch.randint(S, (K, H, W), generator=generator)
    other = (
        torch.rand(K, *size, generator=generator),
        torch.randint(S, (K, *size), generator=generator),
    )
    weights = torch.rand(C, K, generator=generator)
    predicted = torch.randint(C, (H, W), generator=generator)
    sure = torch.rand(H, W, generator=generator) > 0.4
    kept, cells, tops, moves = compare_sizes(
        activations, scales, other, weights, predicted, sure, S
    )
    expected = zeros()
    for row in range(H):
        for column in range(W):
            label = predicted[row, column]
            before = top(weights, activations[:, row, column], label)
            values, places = there(other, row, column, factor)
            after = top(weights, values, label)
            for subset in (0, 1) if sure[row, column] else (0,):
                expected.cells[0, subset] += 1
                expected.kept[0, subset] += before == after
                expected.tops[0, subset, 0, before] += 1
                expected.tops[0, subset, 1, after] += 1
            if sure[row, column]:
                first = scales[before, row, column]
                expected.moves[0, first, places[before]] += 1
    assert torch.equal(kept, expected.kept[0])
    assert torch.equal(cells, expected.cells[0])
    assert torch.equal(tops, expected.tops[0])
    assert torch.equal(moves, expected.moves[0])


def flood(labels, row, column):
    """Pixels of one class that are connected, diagonals included."""
    region, queue = {(row, column)}, deque([(row, column)])
    while queue:
        y, x = queue.popleft()
        for i in range(max(y - 1, 0), min(y + 2, len(labels))):
            for j in range(max(x - 1, 0), min(x + 2, len(labels[0]))):
                new = (i, j) not in region
                if new and labels[i][j] == labels[row][column]:
                    region.add((i, j))
                    queue.append((i, j))
    return region


def test_object_sizes_equal_flood_filling():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (9, 11))
    labels[rng.random(labels.shape) < 0.2] = 255
    labels[0, 0] = 254  # unknown, and no class either
    sizes = object_sizes(torch.from_numpy(labels), 3)
    for row in range(9):
        for column in range(11):
            known = labels[row, column] < 3
            area = len(flood(labels.tolist(), row, column)) if known else 0
            assert sizes[row, column] == pytest.approx(area**0.5)


def test_sizes_fall_into_octaves():
    sizes = torch.tensor([1.0, 7.9, 8, 15.9, 16, 511, 512, 5000])
    counts = sort_by_size(sizes, torch.tensor([0, 1, 0, 1, 2, 2, 0, 0]), S)
    expected = torch.zeros(BINS, S, dtype=torch.int64)
    for octave, scale in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (6, 2)]:
        expected[octave, scale] += 1
    expected[7, 0] = 2
    assert torch.equal(counts, expected)
    assert size_labels() == [
        *('<8', '8-16', '16-32', '32-64'),
        *('64-128', '128-256', '256-512', '>=512'),
    ]


def test_kappa_equals_its_definition():
    rng = np.random.default_rng(1)
    before, after = rng.integers(0, K, (2, 200))
    after[:80] = before[:80]
    observed = np.mean(before == after)
    chance = sum(np.mean(before == k) * np.mean(after == k) for k in range(K))
    tops = torch.stack(
        [
            torch.bincount(torch.from_numpy(tops), minlength=K)
            for tops in (before, after)
        ]
    )
    found = kappa(int((before == after).sum()), 200, tops)
    assert found == pytest.approx((observed - chance) / (1 - chance))
    assert kappa(0, 0, torch.zeros(2, K)) is None
    always = torch.tensor([[7, 0], [7, 0]])
    assert kappa(7, 7, always) is None  # one concept: agreement says nothing


@pytest.mark.parametrize('upwards', [True, False])
def test_moves_equal_loops(upwards):
    moves = torch.tensor([[3, 5, 0], [2, 4, 6], [1, 0, 7]])
    shares = dict(moved_right=0, stayed=0, moved_wrong=0, right=0)
    chance, total = 0.0, int(moves.sum())
    for i in range(3):
        for j in range(3):
            step = (j - i) if upwards else (i - j)
            at_end = i == j == (2 if upwards else 0)
            kind = ('moved_wrong', 'stayed', 'moved_right')[np.sign(step) + 1]
            shares[kind] += int(moves[i, j]) / total
            if step > 0 or at_end:
                shares['right'] += int(moves[i, j]) / total
                row, column = moves[i].sum(), moves[:, j].sum()
                chance += float(row * column) / total**2
    shares['right_by_chance'] = chance
    found = scale_moves(moves, upwards)
    assert found == pytest.approx(shares)


def test_no_moves_are_no_numbers():
    assert set(scale_moves(torch.zeros(2, 2), True).values()) == {None}


def test_correlation_equals_scipy():
    rng = np.random.default_rng(2)
    counts = torch.from_numpy(rng.integers(0, 9, (BINS, S)))
    rows, columns = [], []
    for (i, j), number in np.ndenumerate(counts.numpy()):
        rows += [i] * number
        columns += [j] * number
    expected = spearmanr(rows, columns).statistic
    assert rank_correlation(counts) == pytest.approx(expected)
    one_column = torch.zeros(BINS, S, dtype=torch.int64)
    one_column[:, 1] = 4
    assert rank_correlation(one_column) is None
    assert rank_correlation(torch.zeros(BINS, S)) is None


def test_merging_adds():
    one = zeros()
    for value in vars(one).values():
        value += 1
    two = merge_states(one, one)
    assert all((value == 2).all() for value in vars(two).values())
    assert all((value == 1).all() for value in vars(one).values())
