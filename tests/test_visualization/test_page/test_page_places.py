"""Wrong places, the label of a place, and scales, as Python finds them."""

import re
import shutil

import cv2
import numpy as np
import pytest
from mmseg.apis import inference_model
from scipy.ndimage import label as connected

from mmproto.explanations.evidence import EvidenceMaps
from mmproto.explanations.explain import explain
from mmproto.models.facts import ModelFacts


@pytest.fixture
def labels(tiny_data, image):
    """Label map of the picture."""
    name = image.split('/')[-1].replace('leftImg8bit', 'gtFine_labelTrainIds')
    path = tiny_data / 'gtFine' / 'val' / 'town' / name
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def wrong_segments(labels, prediction, classes):
    """Pixels of every wrong segment, by truth and prediction."""
    found = []
    for truth in range(len(classes)):
        for guess in range(len(classes)):
            pair = (labels == truth) & (prediction == guess)
            if truth == guess or not pair.any():
                continue
            segments, number = connected(pair)  # four neighbours
            sizes = np.bincount(segments.ravel())[1:]
            words = f'{classes[truth]} taken for {classes[guess]}'
            found += [(int(size), words) for size in sizes]
    return sorted(found, reverse=True)


def check_compared(page, model, image, truth):
    """The true class is shown, and what each concept adds to it is kept."""
    assert page.input_value('#compared') == ''  # nobody chose another
    table = page.locator('table.evidence').last
    assert table.get_attribute('data-class') == str(truth)
    record = page.evaluate('recordOf(page)')
    x, y = record['selection']['x'], record['selection']['y']
    explanation = explain(model, image, (x, y))
    assert record['compared']['class'] == truth
    assert record['compared']['evidence'] == pytest.approx(
        explanation.evidence[truth], abs=1e-6
    )
    kept = {r['concept']: r['compared'] for r in record['contributions']}
    expected = explanation.contributions[truth, sorted(kept)]
    assert [kept[k] for k in sorted(kept)] == pytest.approx(expected, abs=1e-6)


def test_places_are_the_largest_wrong_segments(
    save, visit, projected, image, labels
):
    prediction = inference_model(projected, image).pred_sem_seg.data[0].numpy()
    classes = projected.dataset_meta['classes']
    expected = wrong_segments(labels, prediction, classes)[:6]
    page = visit(save())
    buttons = page.locator('#place-list button')
    said = [
        re.fullmatch(r'(.*), ([\d,]+) pixels', text).groups()
        for text in buttons.all_inner_texts()
    ]
    found = [(int(size.replace(',', '')), words) for words, size in said]
    assert [size for size, _ in found] == [size for size, _ in expected]
    assert sorted(found, reverse=True) == expected
    page.check('[name=mode][value=box]')
    page.select_option('#compared', '3')  # is forgotten at a wrong place
    buttons.first.click()
    record = page.evaluate('recordOf(page)')
    x, y = record['selection']['x'], record['selection']['y']
    truth = int(labels[y, x])
    words = f'{classes[truth]} taken for {classes[prediction[y, x]]}'
    assert found[0][1] == words
    assert record['label'] == {
        'class': truth, 'name': classes[truth], 'pixels': 1, 'of': 1
    }  # fmt: skip
    check_compared(page, projected, image, truth)
    sentence = page.inner_text('#sentence')
    assert f'It is wrong: the label is {classes[truth]}.' in sentence
    assert page.is_checked('[name=mode][value=point]')


def test_every_segment_that_is_not_tiny_has_a_number(save, visit):
    page = visit(save())
    labels = np.array(page.evaluate('[...page.now.labels]')).reshape(64, 96)
    texts = page.evaluate(
        """[...document.querySelectorAll('#numbers text')].map((text) => [
            +text.getAttribute('x'), +text.getAttribute('y'),
            +text.textContent, +text.getAttribute('font-size')])"""
    )
    size = texts[0][3]
    numbered = np.zeros_like(labels, bool)
    for x, y, label, _ in texts:
        assert labels[int(y), int(x)] == label
        numbered[int(y), int(x)] = True
    sizes = []
    for label in np.unique(labels):
        segments, number = connected(labels == label)
        for index in range(1, number + 1):
            segment = segments == index
            sizes.append(int(segment.sum()))
            if sizes[-1] >= size**2:
                assert numbered[segment].any()
    assert len([s for s in sizes if s >= size**2]) > 1


def test_a_rectangle_shows_while_it_is_drawn(save, visit):
    page = visit(save())
    page.check('[name=mode][value=box]')
    box = page.locator('#stage').bounding_box()
    step = box['width'] / 96
    page.mouse.move(box['x'] + 10.5 * step, box['y'] + 20.5 * step)
    page.mouse.down()
    page.mouse.move(box['x'] + 40.5 * step, box['y'] + 30.5 * step)
    band = page.locator('#marks rect').first
    shown = [band.get_attribute(n) for n in ('x', 'y', 'width', 'height')]
    assert shown == ['10', '20', '31', '11']
    page.mouse.up()
    selection = page.evaluate('page.selection')
    assert selection == dict(kind='box', x0=10, y0=20, x1=40, y1=30)


def test_void_and_right_places_say_so(save, visit, labels, projected, image):
    prediction = inference_model(projected, image).pred_sem_seg.data[0].numpy()
    y, x = np.argwhere(prediction == labels)[0]
    page = visit(save(), f'#x={x}&y={y}')
    assert 'It is right: the label is' in page.inner_text('#sentence')
    void = visit(save(), '#x=0&y=0')
    assert 'There is no label here.' in void.inner_text('#sentence')
    assert void.evaluate('recordOf(page).label') is None


def test_regions_say_which_label_most_pixels_have(
    save, visit, labels, projected
):
    page = visit(save(), '#box=0,0,60,40')
    inside = labels[:41, :61]
    counts = np.bincount(inside[inside < 255])
    name = projected.dataset_meta['classes'][counts.argmax()]
    words = f'Of its {counts.sum():,} labelled pixels {counts.max():,} are '
    assert counts.sum() == 41 * 61 - 1 and np.count_nonzero(counts) > 1
    assert words + name in page.inner_text('#sentence')
    assert 'It is' not in page.inner_text('#sentence')


def test_pages_without_labels_offer_no_places(save, visit, image, tmp_path):
    other = tmp_path / 'other.png'
    shutil.copy(image, other)
    page = visit(save(images=[str(other)]))
    assert not page.is_visible('#places')
    assert 'label' not in page.inner_text('#sentence')


def test_scales_are_those_of_the_nearest_cell(save, visit, projected, image):
    page = visit(save(point=(44, 52)))  # the centre of a cell
    (scales,) = EvidenceMaps(ModelFacts.of(projected), image).scale
    column = scales[:, 52 // 8, 44 // 8]
    rows = page.locator('table.evidence tbody tr[data-concept]').all()
    assert len(rows) >= 4
    for row in rows:
        scale = column[int(row.get_attribute('data-concept'))]
        rate = projected.neck.dilations[scale]
        assert row.locator('small').inner_text() == f'dilation {rate}'


def test_a_tiny_picture_can_be_explained(save, visit, tmp_path):
    tiny = tmp_path / 'tiny.png'
    cv2.imwrite(str(tiny), np.full((3, 3, 3), 90, np.uint8))
    page = visit(save(images=[str(tiny)]))
    assert 'At x' in page.inner_text('#sentence')


def test_pages_lead_back_to_their_list(save, visit, image):
    single = visit(save())
    assert single.get_by_text('All pictures').count() == 0
    index = save(images=[image, image])
    page = visit(index.with_stem('explain_2'))
    page.get_by_text('All pictures').click()
    page.wait_for_selector('.index')
    assert page.url == index.resolve().as_uri()
