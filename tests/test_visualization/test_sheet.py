"""Sheets and pages show everything, with no text cut off or overlapping."""

import itertools

import cv2
import numpy as np
import pytest

from mmproto.explanations.concepts import Concept
from mmproto.explanations.explanation import ConceptEvidence, Explanation
from mmproto.models.metainfo import class_colors
from mmproto.prototypes.patches import Patch
from mmproto.visualization.colors import overlay_activation, overlay_classes
from mmproto.visualization.concept_pages import draw_pages, save_concept_pages
from mmproto.visualization.crops import crop_patch
from mmproto.visualization.sheet import draw_sheet

LONG_NAMES = [f'traffic light or sign {index}' for index in range(30)]


def make_patch(path, dilation=2, row=3, col=5, size=(64, 96), **changes):
    values = dict(
        prototype=0,
        image=str(path),
        file=path,
        scale=1,
        dilation=dilation,
        row=row,
        col=col,
        similarity=0.5,
        label=1,
        feature_size=(8, 12),
        image_size=size,
    )
    return Patch(**{**values, **changes})


def make_explanation(patches, shape=(64, 96), concepts=8, classes=30):
    rng = np.random.default_rng(0)
    weights = rng.uniform(0, 20, (classes, 40))
    weights[0] += 20
    activations = rng.uniform(0, 1, 40)
    explanation = Explanation(
        image='image.png',
        pixels=rng.integers(0, 255, (*shape, 3), dtype=np.uint8),
        point=(shape[1] - 1, 0),
        prediction=rng.integers(0, classes, shape),
        classes=LONG_NAMES[:classes],
        palette=class_colors({}, classes),
        evidence=weights @ activations,
        probabilities=np.full(classes, 1 / classes),
        activations=activations,
        class_weights=weights,
        coverage=0.95,
        notes=['No training patches: ' + 'why this is so is said here ' * 12],
    )
    for concept in explanation.needed_concepts()[:concepts]:
        item = ConceptEvidence(concept, 1, 18, rng.random(shape), patches)
        explanation.concepts.append(item)
    return explanation


@pytest.fixture
def file(tmp_path):
    """An image whose pixels say where they are: blue row, green column."""
    image = np.zeros((64, 96, 3), np.uint8)
    image[..., 0] = np.arange(64)[:, None]
    image[..., 1] = np.arange(96)
    path = tmp_path / 'image.png'
    cv2.imwrite(str(path), image)
    return path


def texts_of(figure):
    """All texts that are drawn; ticks of an axes may be switched off."""
    yield from figure.texts
    for axes in figure.axes:
        yield from axes.texts
        yield from (axes.title, axes._left_title)
        if axes.get_legend() is not None:
            yield from axes.get_legend().get_texts()
        if axes.axison:
            yield from axes.get_xticklabels() + axes.get_yticklabels()


def boxes_of_text(figure):
    figure.draw_without_rendering()
    for text in texts_of(figure):
        if text.get_text().strip():
            box = text.get_window_extent()
            yield text.get_text(), np.array(box.extents)


def check_text(figure):
    width, height = figure.get_size_inches() * figure.dpi
    boxes = list(boxes_of_text(figure))
    assert boxes
    for text, (x0, y0, x1, y1) in boxes:
        inside = x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height
        assert inside, f'{text!r} is cut off'
    for axes in figure.axes:
        if axes.images:
            image = np.array(axes.images[0].get_window_extent().extents)
            boxes.append(('an image', image))
    for (first, a), (second, b) in itertools.combinations(boxes, 2):
        overlap = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
        assert overlap.min() < 1, f'{first!r} overlaps {second!r}'


@pytest.mark.parametrize('shift', [0, -25, -1000])
def test_negative_evidence_has_bars_and_numbers_in_sight(file, shift):
    explanation = make_explanation([make_patch(file)] * 4, classes=4)
    explanation.class_weights -= 25  # as a signed classifier
    explanation.evidence = explanation.evidence + shift
    figure = draw_sheet(explanation)
    check_text(figure)
    for axes in figure.axes:
        low, high = axes.get_xlim()
        for bar in axes.patches:
            ends = bar.get_x() + np.array([0, bar.get_width()])
            if axes.containers:
                assert low <= ends.min() and ends.max() <= high


@pytest.mark.parametrize(
    ('shape', 'concepts'),
    [((64, 96), 6), ((64, 128), 8), ((96, 64), 1), ((64, 160), 0)],
)
def test_no_text_of_a_sheet_is_cut_off_or_overlaps(file, shape, concepts):
    explanation = make_explanation([make_patch(file)] * 5, shape, concepts)
    check_text(draw_sheet(explanation))


@pytest.mark.parametrize('classes', [1, 2, 4])
def test_sheet_of_few_classes(file, classes):
    explanation = make_explanation([make_patch(file)], classes=classes)
    check_text(draw_sheet(explanation))


def test_sheet_without_patches_or_notes(file):
    explanation = make_explanation([make_patch(file, file=None)])
    check_text(draw_sheet(explanation))
    explanation = make_explanation([])
    explanation.notes = []
    check_text(draw_sheet(explanation))


def test_sheet_draws_image_prediction_maps_and_patches(file):
    patches = [make_patch(file)] * 3
    figure = draw_sheet(make_explanation(patches, concepts=2))
    images = [image for axes in figure.axes for image in axes.images]
    assert len(images) == 2 + 2 * (1 + 3)
    assert np.array_equal(
        images[0].get_array(), make_explanation([]).pixels[..., ::-1]
    )
    title = make_explanation(patches, concepts=2).sentence()
    texts = [text.get_text().replace('\n', ' ') for text in figure.texts]
    assert title in texts


@pytest.mark.parametrize('shape', [(300, 30), (30, 300)])
@pytest.mark.parametrize('name', ['W' * 40, 'car'])
def test_names_below_patches_of_any_shape(tmp_path, shape, name):
    path = tmp_path / 'narrow.png'
    cv2.imwrite(str(path), np.full((*shape, 3), 90, np.uint8))
    patch = make_patch(path, size=shape, dilation=4)
    crop = crop_patch(patch)
    assert crop.rgb.shape[0] != crop.rgb.shape[1]
    explanation = make_explanation([patch] * 4, concepts=2)
    explanation.classes[1] = name
    figure = draw_sheet(explanation)
    check_text(figure)
    below = [t for t, _ in boxes_of_text(figure) if 'dilation 4 ·' in t]
    assert len(below) == 8
    if name == 'car':
        assert all(text.startswith('car\n') for text in below)


def test_crop_shows_the_cell_in_its_context(file):
    crop = crop_patch(make_patch(file))
    # cell 3, 5 of 8 pixels: rows 24 to 32, columns 40 to 48; the kernel
    # spans 2 * 2 + 1 cells around it
    green, blue = crop.rgb[0, 0, 1], crop.rgb[0, 0, 2]
    x0, y0, x1, y1 = crop.cell
    assert (x0 + green, y0 + blue, x1 + green, y1 + blue) == (40, 24, 48, 32)
    x0, y0, x1, y1 = crop.field
    assert (x0 + green, y0 + blue, x1 + green, y1 + blue) == (24, 8, 64, 48)
    assert crop.rgb.shape == (64, 64, 3)  # 1.6 times the 40 pixels


def test_field_is_clipped_and_crop_moved_inside(file):
    patch = make_patch(file, row=0, col=11, dilation=1)
    assert patch.box() == (80, 0, 96, 16)
    crop = crop_patch(patch)
    assert crop.rgb.shape == (26, 26, 3)
    assert crop.rgb[0, -1, 1] == 95 and crop.rgb[0, 0, 2] == 0
    assert make_patch(file, dilation=None).box() == (40, 24, 48, 32)


def test_crop_of_an_image_that_was_padded(file):
    # the network saw 96 x 160 pixels, of which 64 x 96 are in the file
    patch = make_patch(
        file, row=7, col=11, size=(96, 160), feature_size=(12, 20)
    )
    crop = crop_patch(patch)
    assert crop.rgb[-1, -1, 1] == 95 and crop.rgb[-1, -1, 2] == 63


def test_missing_image_gives_no_crop(file, tmp_path):
    assert crop_patch(make_patch(file, file=None)) is None
    (tmp_path / 'text.png').write_text('no image')
    assert crop_patch(make_patch(tmp_path / 'text.png')) is None


def test_overlays():
    rgb = np.full((2, 2, 3), 100, np.uint8)
    prediction = np.array([[0, 1], [1, 1]])
    colored = overlay_classes(rgb, prediction, [(200, 0, 0), (0, 0, 100)])
    assert colored[0, 0].tolist() == [160, 40, 40]
    assert colored[1, 0].tolist() == [40, 40, 100]
    heat = overlay_activation(rgb, np.array([[0, 0.5], [0, 2.0]]))
    assert heat[0, 0].tolist() == [60, 60, 60]  # dark where nothing is active
    assert heat[1, 1].sum() > heat[0, 1].sum() > heat[0, 0].sum()


def make_concepts(patches, number):
    weights = [(name, 12.29) for name in LONG_NAMES]
    return [Concept(i, weights, 0.01, 0.2, patches) for i in range(number)]


def test_pages_hold_eight_concepts_each(file, tmp_path):
    concepts = make_concepts([make_patch(file)] * 7, 9)
    figures = list(draw_pages(concepts, LONG_NAMES))
    assert [len(figure.axes) for figure in figures] == [8 * 6, 6]
    for figure in figures:
        check_text(figure)
    paths = save_concept_pages(concepts, LONG_NAMES, tmp_path / 'pages')
    assert [path.name for path in paths] == [
        'concepts_01.png',
        'concepts_02.png',
    ]


def test_pages_of_another_list_do_not_stay(file, tmp_path):
    concepts = make_concepts([make_patch(file)], 9)
    (tmp_path / 'concepts_2026.txt').touch()
    first = save_concept_pages(concepts, LONG_NAMES, tmp_path)
    save_concept_pages(concepts[:1], LONG_NAMES, tmp_path, 'a note')
    assert first[0].is_file() and not first[1].exists()
    save_concept_pages([], LONG_NAMES, tmp_path)
    assert [path.name for path in tmp_path.glob('concepts*')] == [
        'concepts_2026.txt'
    ]


def test_page_without_patches():
    check_text(next(draw_pages(make_concepts([], 2), LONG_NAMES)))
