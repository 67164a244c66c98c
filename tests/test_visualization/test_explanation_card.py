"""The card is legible in print, in grey and with any names, and adds up."""

import re

import cv2
import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from test_sheet import (
    LONG_NAMES,
    boxes_of_text,
    check_text,
    make_concepts,
    make_explanation,
    make_patch,
    texts_of,
)

from mmproto.visualization.card import card_markdown, draw_card, save_card
from mmproto.visualization.concept_pages import draw_pages
from mmproto.visualization.panels import list_weights
from mmproto.visualization.sheet import draw_sheet
from mmproto.visualization.text import fit, text_width, wrap_text

HOSTILE = {
    'formula in lines': '$x_1$ and\n$\\frac{1}{0}$\r\nand\t$',
    'long': 'Donaudampfschifffahrtsgesellschaftskapitän' * 3,
    'wide': '左後輪の車輪' * 9,
    'right to left': 'عجلة السيارة الخلفية اليسرى ' * 4,
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'image.png'
    cv2.imwrite(str(path), np.full((64, 96, 3), 90, np.uint8))
    return path


def bars_of(figure):
    """Start, length and bar of each line of the sum, in inches."""
    for artist in figure.get_children():
        if isinstance(artist, Rectangle) and artist is not figure.patch:
            yield artist.get_x(), artist.get_width(), artist


def rename(explanation, name):
    explanation.classes = [name, *explanation.classes[1:-1], name + ' 2']
    explanation.names = dict.fromkeys(range(40), name)
    return explanation


def test_card_is_one_column_wide_with_letters_of_six_points(file):
    figure = draw_card(make_explanation([make_patch(file)]))
    width, height = figure.get_size_inches()
    assert width == 3.3 and height < 5 and figure.dpi == 300
    sizes = [text.get_fontsize() for text in texts_of(figure)]
    assert min(sizes) >= 6
    check_text(figure)


def test_bars_follow_each_other_and_end_at_the_evidence(file):
    explanation = make_explanation([make_patch(file)])
    figure = draw_card(explanation)
    winning = explanation.contributions[explanation.predicted]
    largest = sorted(winning, reverse=True)[:3]
    expected = [*largest, winning.sum() - sum(largest)]
    bars = list(bars_of(figure))
    assert len(bars) == 5
    start, full, _ = bars[-1]
    x = start
    for (left, width, _), value in zip(bars, expected):
        assert left == pytest.approx(x)
        assert width / full == pytest.approx(value / winning.sum())
        x = left + width
    assert x == pytest.approx(start + full)
    texts = [text.get_text() for text in figure.texts]
    for value in [*largest, explanation.evidence[0]]:
        assert f'{value:.2f}' in texts
    assert 'all other concepts (37) and rounding' in texts
    assert texts[0].replace('\n', ' ') == explanation.sentence()


def test_what_speaks_against_goes_back(file):
    explanation = make_explanation([make_patch(file)])
    explanation.concepts = explanation.concepts[:1]
    first = explanation.concepts[0].concept
    explanation.class_weights[:] = -1  # as a signed classifier
    explanation.class_weights[0, first] = 15
    explanation.evidence = explanation.contributions.sum(axis=1)
    winning = explanation.contributions[0]
    figure = draw_card(explanation)
    check_text(figure)
    (_, width, one), (_, back, other), _ = bars_of(figure)
    rest = winning.sum() - winning[first]
    assert winning[first] > 0 > rest
    assert back / width == pytest.approx(-rest / winning[first])
    assert one.get_hatch() is None and other.get_hatch()


def test_kinds_of_bars_differ_without_colours(file):
    figure = draw_card(make_explanation([make_patch(file)]))
    kinds = {}
    for _, _, bar in bars_of(figure):
        red, green, blue = to_rgb(bar.get_facecolor()[:3])
        grey = 0.299 * red + 0.587 * green + 0.114 * blue
        kinds[bar.get_hatch(), round(grey, 2)] = grey
    assert len(kinds) == 3
    greys = sorted(kinds.values())
    assert min(np.diff(greys)) > 0.15


@pytest.mark.parametrize('shape', [(64, 96), (96, 64), (64, 200), (200, 30)])
def test_image_keeps_its_shape_and_the_mark_its_place(file, shape):
    explanation = make_explanation([make_patch(file)], shape)
    figure = draw_card(explanation)
    check_text(figure)
    axes = figure.axes[0]
    assert np.array_equal(
        axes.images[0].get_array(), explanation.pixels[..., ::-1]
    )
    box = axes.images[0].get_window_extent()
    assert box.height / box.width == pytest.approx(shape[0] / shape[1])
    rings = [line for line in axes.lines if isinstance(line, Line2D)]
    assert [tuple(r.get_xydata()[0]) for r in rings] == 2 * [explanation.point]


@pytest.mark.parametrize('name', HOSTILE.values(), ids=HOSTILE)
@pytest.mark.filterwarnings('ignore:Glyph .* missing')
def test_any_name_fits_everywhere(file, name):
    patches = [make_patch(file)] * 2
    explanation = rename(make_explanation(patches, concepts=3), name)
    concepts = [
        type(c)(c.index, [(name, 1.5)] * 9, 0.1, 0.2, c.patches, name)
        for c in make_concepts(patches, 2)
    ]
    figures = [
        draw_card(explanation),
        draw_sheet(explanation),
        next(draw_pages(concepts, [name] * 4)),
    ]
    for figure in figures:
        check_text(figure)
        # drawn as it is, not as a formula
        assert not any(text.get_parse_math() for text in texts_of(figure))
    assert '\n' not in card_markdown(explanation).split('\n\n')[0]


def test_titles_have_the_names(file):
    explanation = rename(make_explanation([make_patch(file)]), 'rear wheel')
    k = explanation.concepts[0].concept
    title = f'Concept {k}: rear wheel'
    assert title in [
        text for text, _ in boxes_of_text(draw_sheet(explanation))
    ]
    card = [text for text, _ in boxes_of_text(draw_card(explanation))]
    assert 'rear wheel' in card and f'concept {k}' in card
    (concept,) = make_concepts([], 1)
    named = type(concept)(0, [], 0.1, 0.2, [], 'rear wheel', disabled=True)
    page = next(draw_pages([named], LONG_NAMES))
    texts = [text for text, _ in boxes_of_text(page)]
    assert 'Concept 0: rear wheel' in texts
    assert any(text.startswith('no class, disabled by') for text in texts)


def test_card_without_patches_images_or_evidence(file):
    for patches in ([], [make_patch(file, file=None)]):
        figure = draw_card(make_explanation(patches))
        check_text(figure)
        texts = [text for text, _ in boxes_of_text(figure)]
        missing = 'image\nnot found' if patches else 'no training\npatches'
        assert texts.count(missing) == 3
    explanation = make_explanation([])
    explanation.class_weights[:] = explanation.evidence[:] = 0
    explanation.concepts = []
    figure = draw_card(explanation)
    check_text(figure)
    texts = [text for text, _ in boxes_of_text(figure)]
    assert (
        'all concepts (0) and rounding' in texts and texts.count('0.00') == 2
    )


@pytest.mark.parametrize('scale', [1e-9, 1e-4, 1, 1e12])
def test_numbers_of_any_size_fit(file, scale):
    explanation = make_explanation([make_patch(file)])
    explanation.class_weights *= scale
    explanation.evidence *= scale
    figure = draw_card(explanation)
    check_text(figure)
    shown, left = zip(
        *(
            (float(text), box[0] / figure.dpi)
            for text, box in boxes_of_text(figure)
            if re.match(r'^[-\d.e+]+$', text)
        )
    )
    assert len(shown) == 5
    # right of all bars
    assert min(left) > max(x + width for x, width, _ in bars_of(figure))
    # three digits are enough to follow the sum
    assert sum(shown[:-1]) == pytest.approx(shown[-1], rel=0.02)
    assert shown[-1] == pytest.approx(explanation.evidence[0], rel=0.005)


@pytest.mark.filterwarnings('ignore:Glyph .* missing')
def test_files_have_no_date_and_fonts_that_publishers_take(file, tmp_path):
    explanation = make_explanation([make_patch(file)])
    explanation = rename(explanation, HOSTILE['wide'])
    for folder in ('first', 'second'):
        save_card(draw_card(explanation), tmp_path / folder)
    for name in ('card.png', 'card.pdf'):
        first, second = (
            (tmp_path / folder / name).read_bytes()
            for folder in ('first', 'second')
        )
        assert first == second
    assert b'CreationDate' not in first
    assert b'/FontFile2' in first and b'/Type3' not in first
    assert cv2.imread(str(tmp_path / 'first' / 'card.png')).shape[1] == 990
    assert matplotlib.rcParams['text.parse_math']  # left as it was


@pytest.mark.parametrize('weight', ['normal', 'bold'])
def test_lines_are_no_wider_than_asked(weight):
    text = 'because of left rear wheel and ' + 'W' * 60 + ' \n iiiiii  i'
    lines = wrap_text(text, 8, 1.5, weight).split('\n')
    assert all(text_width(line, 8, weight) <= 1.5 for line in lines)
    # nothing is lost, and words are torn only where they are too long
    assert ''.join(lines).replace(' ', '') == ''.join(text.split())
    assert lines[0] == 'because of left rear'[: len(lines[0])]
    cut = wrap_text(text, 8, 1.5, weight, most=2).split('\n')
    assert len(cut) == 2 and cut[0] == lines[0] and cut[1].endswith('…')
    assert text_width(cut[1], 8, weight) <= 1.5
    assert fit('short', 8, 1.5, weight) == 'short'


def test_classes_are_not_torn_from_their_weights():
    weights = [('W' * 40, 12.29), ('side walk', 3.68), ('iiii', 1.5)]
    lines = list_weights(weights, 2, 2.2, 8, 1.3, 'speaks for').split('\n')
    assert all(text_width(line, 8) <= 2.2 for line in lines)
    words = ' '.join(lines).split(' W')
    assert words[0] == 'speaks for' and lines[0].startswith('speaks for')
    assert any(re.search(r'W… 12\.29,$', line) for line in lines)
    assert lines[-1] == 'side walk 3.68, …'
    # as many letters of a name as there is room for
    (cut,) = (line for line in lines if 'W' in line)
    name = re.search('W+', cut).group()
    assert text_width(f'{name}…', 8) <= 1.3 < text_width(f'{name}W…', 8)
    assert list_weights(weights[1:], 2, 99) == 'side walk 3.68, iiii 1.50'
    assert list_weights([], 2, 99) == ''


def test_width_is_that_of_the_drawn_text():
    figure = matplotlib.figure.Figure(dpi=300)
    text = figure.text(0, 0, 'left rear wheel (concept 17)', fontsize=8)
    drawn = text.get_window_extent().width / 300
    width = text_width(text.get_text(), 8)
    assert drawn <= width <= 1.08 * drawn
