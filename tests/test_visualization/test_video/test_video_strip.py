"""The strip and what stands around it, with shares that are known."""

import itertools
from fractions import Fraction
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest

from mmproto.models.metainfo import class_colors
from mmproto.visualization.video.background import (
    ROW,
    STRIP_LEFT,
    STRIP_RIGHT,
    Background,
    FrameLayout,
)
from mmproto.visualization.video.measure import (
    read_prediction,
    write_prediction,
)
from mmproto.visualization.video.measurement import (
    FrameNumbers,
    Measurement,
)
from mmproto.visualization.video.painter import Painter
from mmproto.visualization.video.strip import (
    NO_EVIDENCE,
    Columns,
    make_strip,
    row_shares,
    scale_end,
)

LONG = [f'Traffic light OR sign WWWW {index}' for index in range(30)]
SIZES = [(64, 96), (1024, 2048), (1920, 1080), (10, 400), (301, 301)]


@pytest.fixture
def make_measurement(tmp_path):
    """Makes a sequence of frames with given shares (T,K)."""

    def call(shares, size=(64, 96), classes=3, point=None, times=None):
        measurement = Measurement(tmp_path / 'numbers', Fraction(10), point)
        measurement.size = size
        logits = np.arange(classes, 0, -1.0)
        for index, row in enumerate(np.array(shares, dtype=float)):
            measurement.append(
                FrameNumbers(
                    time=times[index] if times else index / 10,
                    class_shares=np.full(classes, 1 / classes),
                    concept_shares=row,
                    evidence=None if point is None else logits,
                    probabilities=None if point is None else logits / 10,
                )
            )
        return measurement

    return call


def make_facts(classes, names=LONG):
    """What a model says of long names of classes and concepts."""
    return SimpleNamespace(
        classes=LONG[:classes],
        palette=class_colors({}, classes),
        concept_names=dict(enumerate(names)),
        class_weights_of=lambda concept: [(name, 12.29) for name in LONG],
        surrogate=None,
    )


def make_painter(measurement, concepts):
    facts = make_facts(len(measurement.class_total))
    patches = [None] * len(concepts)
    return Painter(measurement, 'x' * 200, facts, concepts, patches)


def paint(painter, index):
    measurement = painter._measurement
    height, width = measurement.size
    frame = np.full((height, width, 3), 100, np.uint8)
    prediction = np.zeros((height, width), np.uint16)
    return painter.paint(index, measurement[index], frame, prediction)


def test_rows_are_the_shown_concepts_and_all_others(make_measurement):
    shares = [[0.5, 0.2, 0.3], [0, 1, 0], [0, 0, 0]]
    measurement = make_measurement(shares)
    rows = np.transpose([row_shares(n, [2, 0]) for n in measurement])
    assert np.allclose(rows, [[0.3, 0, 0], [0.5, 0, 0], [0.2, 1, 0]])
    strip = make_strip(measurement, [2, 0])
    assert strip.end == 0.5 and strip.grey
    assert not make_strip(make_measurement(shares[:1]), [1]).grey
    assert scale_end(0.501) == pytest.approx(0.55)
    assert scale_end(0) == 0.05


def spread(values, width, times=None, seconds=None):
    times = times or range(len(values))
    columns = Columns(1, width, seconds or len(values))
    for time, value in zip(times, values):
        columns.add(time, np.array([value], dtype=float))
    return columns.values()[0].tolist()


def test_a_frame_takes_columns_or_a_column_is_the_mean_of_frames():
    assert spread([1, 2, 3], 6) == [1, 1, 2, 2, 3, 3]
    assert spread([1, 2, 3], 7) == [1, 1, 2, 2, 3, 3, 3]
    assert spread(range(10), 3) == [1.5, 5, 8]
    assert spread(range(10), 10) == list(range(10))
    # a burst, a pause, and the end
    assert spread([2, 4, 9, 5], 5, [0, 0.5, 3, 4], 5) == [3, 4, 4, 9, 5]


def test_columns_of_a_rate_that_is_no_binary_fraction():
    for frames in (12, 786, 1000, 2358):
        times = [index / 29.97 for index in range(frames)]
        seconds = frames / 29.97
        found = spread(range(frames), 786, times, seconds)
        expected = [
            [i for i in range(frames) if i * 786 // frames == column]
            for column in range(786)
        ]
        for column, own in enumerate(expected):
            own = own or expected[column - 1][-1:]
            expected[column] = own
            assert found[column] == pytest.approx(np.mean(own))


def test_the_strip_and_the_marker_follow_the_time(make_measurement):
    times = [0, 0.1, 0.2, 1.2]  # 1.6 seconds with the mean of 0.4 at the end
    shares = [[0.5, 0.5], [0.1, 0.9], [0.3, 0.7], [0.2, 0.8]]
    measurement = make_measurement(shares, times=times)
    assert measurement.seconds == pytest.approx(1.6)
    assert float(measurement.fps) == pytest.approx(2.5)
    painter = make_painter(measurement, [0])
    ramp = matplotlib.colormaps['cividis']
    width = (STRIP_RIGHT - STRIP_LEFT) / 1.6
    for second, share in ((0.05, 0.5), (0.15, 0.1), (0.25, 0.3), (1.15, 0.3),
                          (1.25, 0.2), (1.55, 0.2)):  # fmt: skip
        column = STRIP_LEFT + int(second * width)
        found = painter.canvas[painter.layout.row_top(0) + 5, column]
        expected = 255 * np.array(ramp(share / 0.5)[:3])
        assert np.abs(found - expected).max() <= 1
    for index, second in enumerate((0.05, 0.15, 0.7, 1.4)):
        line = paint(painter, index)[painter.layout.row_top(0) + 5]
        black = np.flatnonzero((line == 0).all(axis=-1))
        black = black[(black > STRIP_LEFT) & (black < STRIP_RIGHT)]
        middle = STRIP_LEFT + second * width
        assert black.mean() == pytest.approx(middle, abs=2)


def test_columns_show_the_planted_shares_in_their_order(make_measurement):
    # a frame every 131 pixels; concept 1 comes and goes
    shares = [[0.1, 0.0, 0.9], [0.1, 0.4, 0.5], [0, 0, 0]] * 2
    painter = make_painter(make_measurement(shares), [1, 0])
    ramp = matplotlib.colormaps['cividis']
    width = (STRIP_RIGHT - STRIP_LEFT) / 6
    for index, frame in enumerate(shares):
        left = STRIP_LEFT + int(index * width) + 2
        right = STRIP_LEFT + int((index + 1) * width) - 2
        for row, concept in enumerate((1, 0)):
            top = painter.layout.row_top(row)
            block = painter.canvas[top : top + ROW, left:right]
            expected = 255 * np.array(ramp(frame[concept] / 0.4)[:3])
            if not any(frame):
                expected = NO_EVIDENCE
            assert np.abs(block - expected).max() <= 1
        top = painter.layout.row_top(2)
        block = painter.canvas[top : top + ROW, left:right, 0]
        others = 0.9 if index % 3 == 0 else 0.5
        if any(frame):
            assert (block < 128).mean() == pytest.approx(others, abs=0.02)


def test_marker_goes_from_left_to_right(make_measurement):
    painter = make_painter(make_measurement([[0.5, 0.5]] * 5), [1])
    places = []
    for index in range(5):
        line = paint(painter, index)[painter.layout.row_top(0) + 5]
        changed = (line != painter.canvas[painter.layout.row_top(0) + 5]).any(
            axis=-1
        )
        columns = np.flatnonzero(changed[STRIP_LEFT:STRIP_RIGHT])
        places.append(columns.mean() / (STRIP_RIGHT - STRIP_LEFT))
    assert np.allclose(places, [0.1, 0.3, 0.5, 0.7, 0.9], atol=0.002)


def test_frame_shows_the_prediction_and_the_point(make_measurement):
    measurement = make_measurement([[1.0]], point=(48, 32))
    painter = make_painter(measurement, [0])
    picture = paint(painter, 0)
    height, width = painter.layout.picture
    shown = picture[48 : 48 + height, 20 : 20 + width]
    color = np.array(class_colors({}, 3)[0])
    plain = (0.4 * 100 + 0.6 * color).astype(np.uint8)
    assert (shown[5, 5] == plain).all() and (shown[-5, -5] == plain).all()
    other = np.argwhere((shown != plain).any(axis=-1))
    centre = other.mean(axis=0) / (height, width)
    assert np.allclose(centre, [32.5 / 64, 48.5 / 96], atol=0.005)


def test_predictions_are_kept_as_large_as_they_are_shown(
    make_measurement, tmp_path
):
    rng = np.random.default_rng(0)
    for index, size in enumerate(SIZES):
        prediction = rng.integers(0, 3, size).astype(np.uint16)
        write_prediction(prediction, tmp_path, index)
        kept = read_prediction(tmp_path, index)
        assert kept.dtype == np.uint16 and kept.size <= 480 * 760
        measurement = make_measurement([[1.0]], size)
        painter = make_painter(measurement, [0])
        frame = rng.integers(0, 255, (*size, 3), dtype=np.uint8)
        pictures = [
            painter.paint(0, measurement[0], frame, classes)
            for classes in (prediction, kept)
        ]
        assert np.array_equal(*pictures)


@pytest.mark.parametrize(
    ('size', 'classes'), [*((size, 2) for size in SIZES), ((64, 96), 30)]
)
def test_everything_has_its_place(make_measurement, size, classes):
    measurement = make_measurement(
        [np.full(30, 1 / 30)] * 3, size, classes, point=(0, 0)
    )
    painter = make_painter(measurement, range(8))
    picture = paint(painter, 1)
    height, width = picture.shape[:2]
    assert (height, width) == painter.layout.size
    assert width == 1280 and height % 2 == 0 and height <= 1080
    # nothing is written up to the edge
    edges = [picture[:6], picture[-4:], picture[:, :16], picture[:, -4:]]
    assert all((edge == 255).all() for edge in edges)


def texts_of(figure):
    yield from figure.texts
    for axes in figure.axes:
        low, high = axes.get_xlim()
        for place, label in zip(axes.get_xticks(), axes.get_xticklabels()):
            if low <= place <= high:  # others are not drawn
                yield label
        yield axes.xaxis.label


@pytest.mark.parametrize(
    ('size', 'patches'), [*((size, True) for size in SIZES), ((64, 96), False)]
)
def test_no_text_is_cut_off_or_overlaps(size, patches):
    layout = FrameLayout(size, 21, 9)
    background = Background(layout)
    facts = make_facts(30, ['WWW MMM ' * 9] * 108)
    background.add_title('drive ' * 100)
    background.add_legend(range(20), 10, facts)
    background.add_rows(range(100, 108), facts, patches)
    background.add_plots(3600, 0.05, True)
    background.figure.draw_without_rendering()
    height, width = layout.size
    boxes = [
        (text.get_text(), np.array(text.get_window_extent().extents))
        for text in texts_of(background.figure)
        if text.get_text()
    ]
    strip = [STRIP_LEFT, height - layout.strip_bottom, STRIP_RIGHT]
    strip = np.array([*strip, height - layout.strip_top])
    right = layout.legend_left + 210  # bars
    bars = [right, height - layout.legend_top(20), right + 160]
    bars = np.array([*bars, height - layout.legend_top(0)])
    boxes += [('the strip', strip), ('the bars', bars)]
    for text, (x0, y0, x1, y1) in boxes:
        assert x0 >= 0 and y0 >= 0, f'{text!r} is cut off'
        assert x1 <= width and y1 <= height, f'{text!r} is cut off'
    for (first, a), (second, b) in itertools.combinations(boxes, 2):
        overlap = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
        assert overlap.min() < 1, f'{first!r} overlaps {second!r}'
