"""What the picture of an ablation shows."""

import pytest

from mmproto.ablation.plot import draw_results

RESULTS = {
    'box': {0: dict(miou=50.0)},
    'one': {0: dict(miou=48.0, exact_zeros=0.5, concepts_used=80.0)},
    'two': {
        0: dict(miou=52.0, exact_zeros=0.9, concepts_used=40.0),
        1: dict(miou=54.0, exact_zeros=0.8, concepts_used=50.0),
    },
    'failed': {0: dict(miou=None, exact_zeros=0.3)},
}


def test_points_and_bars():
    zeros, concepts = draw_results(RESULTS).axes
    for axes, places in ((zeros, (0.5, 0.85)), (concepts, (80, 45))):
        line, *points = axes.get_lines()[:1], *axes.containers
        assert list(line[0].get_ydata()) == [50, 50]
        assert [point.get_label() for point in points] == ['one', 'two']
        for point, x, y in zip(points, places, (48, 53)):
            assert point[0].get_xdata() == pytest.approx([x])
            assert point[0].get_ydata() == pytest.approx([y])
        assert points[0][2] == ()  # one seed: no bars
        across, along = (bar.get_segments()[0] for bar in points[1][2])
        # two values differ by sqrt(2) of their deviation
        spread = 2 * abs(places[1] - (0.9 if axes is zeros else 40))
        assert across[1, 0] - across[0, 0] == pytest.approx(spread * 2**0.5)
        assert along[1, 1] - along[0, 1] == pytest.approx(2 * 2**0.5)


def test_nothing_to_draw(tmp_path):
    draw_results({}).savefig(tmp_path / 'a.png')
    draw_results(RESULTS).savefig(tmp_path / 'b.png')
    small, large = (tmp_path / 'a.png'), (tmp_path / 'b.png')
    assert 0 < small.stat().st_size < large.stat().st_size
