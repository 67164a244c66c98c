"""The strip and what stands around it, with shares that are known."""

import itertools
from fractions import Fraction

import matplotlib
import numpy as np
import pytest

from mmproto.visualization.colors import class_colors
from mmproto.visualization.video.background import Background
from mmproto.visualization.video.layout import (
    ROW,
    STRIP_LEFT,
    STRIP_RIGHT,
    Layout,
)
from mmproto.visualization.video.measurement import Measurement
from mmproto.visualization.video.painter import Painter
from mmproto.visualization.video.rows import ConceptRow
from mmproto.visualization.video.strip import (
    NO_EVIDENCE,
    over_width,
    row_shares,
    scale_end,
)

LONG = [f'Traffic light OR sign WWWW {index}' for index in range(30)]
SIZES = [(64, 96), (1024, 2048), (1920, 1080), (10, 400), (301, 301)]


def make_measurement(shares, size=(64, 96), classes=3, point=None):
    shares = np.array(shares, dtype=float)  # T,K
    frames = len(shares)
    logits = np.tile(np.arange(classes, 0, -1.0), (frames, 1))
    return Measurement(
        fps=Fraction(10),
        size=size,
        point=point,
        class_shares=np.full((frames, classes), 1 / classes),
        concept_shares=shares,
        evidence=None if point is None else logits,
        probabilities=None if point is None else logits / 10,
    )


def make_painter(measurement, concepts, patches=None, names=LONG):
    weights = [(name, 12.29) for name in names]
    rows = [ConceptRow(k, names[k], weights) for k in concepts]
    number = measurement.class_shares.shape[1]
    palette = class_colors({}, number)
    patches = patches or [None] * len(rows)
    return Painter(
        measurement, 'x' * 200, rows, patches, names[:number], palette
    )


def paint(painter, index):
    height, width = painter._measurement.size
    frame = np.full((height, width, 3), 100, np.uint8)
    return painter.paint(index, frame, np.zeros((height, width), np.uint16))


def test_rows_are_the_shown_concepts_and_all_others():
    shares = [[0.5, 0.2, 0.3], [0, 1, 0], [0, 0, 0]]
    rows = row_shares(make_measurement(shares), [2, 0])
    assert np.allclose(rows, [[0.3, 0, 0], [0.5, 0, 0], [0.2, 1, 0]])
    assert scale_end(rows) == 0.5
    assert scale_end(rows + 0.001) == pytest.approx(0.55)
    assert scale_end(0 * rows) == 0.05


def test_a_frame_takes_columns_or_a_column_is_the_mean_of_frames():
    values = np.array([[1.0, 2, 3]])
    assert over_width(values, 6).tolist() == [[1, 1, 2, 2, 3, 3]]
    assert over_width(values, 7).tolist() == [[1, 1, 1, 2, 2, 3, 3]]
    values = np.arange(10.0)[None]
    assert over_width(values, 3).tolist() == [[1, 4, 7.5]]
    assert over_width(values, 10).tolist() == values.tolist()


def test_columns_show_the_planted_shares_in_their_order():
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


def test_marker_goes_from_left_to_right():
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


def test_frame_shows_the_prediction_and_the_point():
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


@pytest.mark.parametrize(
    ('size', 'classes'), [*((size, 2) for size in SIZES), ((64, 96), 30)]
)
def test_everything_has_its_place(size, classes):
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
    layout = Layout(size, 21, 9)
    background = Background(layout)
    weights = [(name, 12.29) for name in LONG]
    background.add_title('drive ' * 100)
    background.add_legend(range(20), 10, LONG, class_colors({}, 30))
    rows = [ConceptRow(100 + k, 'WWW MMM ' * 9, weights) for k in range(8)]
    background.add_rows(rows, patches)
    background.add_axes(3600, 0.05, True)
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
