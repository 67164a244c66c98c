"""What a screen reader finds and says."""

import numpy as np
import pytest


@pytest.fixture
def said(save, visit):
    """A page, and a function for what was said since it was last asked."""
    page = visit(save(point=(40, 50)))
    page.evaluate(
        """() => {
            window.heard = [];
            new MutationObserver(() => heard.push(byId('said').textContent))
                .observe(byId('said'), { childList: true });
        }"""
    )

    def listen():
        return page.evaluate('heard.splice(0)')

    return page, listen


def value(page):
    """What the picture says of itself."""
    stage = page.locator('#stage')
    names = ('aria-valuemin', 'aria-valuenow', 'aria-valuemax')
    low, now, high = (int(stage.get_attribute(name)) for name in names)
    assert low == 0 and high == 64 * 96 - 1
    return now, stage.get_attribute('aria-valuetext')


def outcome(page, labels, x, y):
    """The prediction and what the label says of it, as it should be said."""
    names = page.evaluate('page.model.classes')
    predicted = page.evaluate(f'page.now.labels[{y} * 96 + {x}]')
    share = page.evaluate(f'page.now.confidence[{y} * 96 + {x}]')
    label = labels[y, x]
    if label == 65535:
        judged = 'no label'
    elif label == predicted:
        judged = 'right'
    else:
        judged = f'wrong: the label is {names[label]}'
    return f'{names[predicted]} {share:.2f}, {judged}, x {x}, y {y}'


def test_every_move_over_the_picture_is_said_once(said):
    page, listen = said
    assert page.inner_text('#said') == ''  # nobody asked yet
    labels = np.array(page.evaluate('[...page.truth]')).reshape(64, 96)
    stage = page.locator('#stage')
    x, y = 40, 50
    assert value(page) == (y * 96 + x, outcome(page, labels, x, y))
    for key, right, down in (
        *(('ArrowUp', 0, -8), ('Shift+ArrowLeft', -1, 0)),
        *(('ArrowRight', 8, 0), ('Shift+ArrowDown', 0, 1)),
    ):
        stage.press(key)
        x, y = x + right, y + down
        assert value(page) == (y * 96 + x, outcome(page, labels, x, y))
        (text,) = listen()
        assert text.startswith('Because of concept ')
    page.fill('#x', '7')
    page.click('#go')
    (text,) = listen()  # the picture has not the focus, and says nothing
    assert text.startswith(f'{outcome(page, labels, 7, y)}. Because of ')


def test_the_border_and_the_corners_are_said(said):
    page, listen = said
    stage = page.locator('#stage')
    for _ in range(8):
        stage.press('ArrowDown')
    heard = [text.rstrip() for text in listen()]
    assert heard.count('Here the picture ends.') == 8 - (63 - 50 + 7) // 8
    page.check('[name=mode][value=box]')
    listen()
    stage.press('Enter')
    stage.press('ArrowLeft')
    stage.press('Enter')
    first, _, last = listen()
    assert first.startswith('First corner at x 40, y 63. ')
    assert last.startswith('Rectangle set. ')
    assert value(page)[1].endswith(', rectangle x 32 to 40, y 63 to 63')


def test_a_wrong_number_is_said_each_time(said):
    page, listen = said
    page.fill('#x', '96')
    page.click('#go')
    page.click('#go')
    first, second = listen()
    assert first == page.inner_text('#no-pixel')
    assert 'x runs from 0 to 95, y from 0 to 63' in first
    assert second != first and second.rstrip() == first
    assert page.get_attribute('#x', 'aria-invalid') == 'true'
    assert page.get_attribute('#y', 'aria-invalid') == 'false'
    assert page.evaluate('page.selection') == dict(kind='point', x=40, y=50)
    page.fill('#x', '95')
    page.click('#go')
    assert page.inner_text('#no-pixel') == ''
    assert page.get_attribute('#x', 'aria-invalid') == 'false'


def test_a_what_if_says_what_changed_and_nothing_else(said):
    page, listen = said
    page.locator('[data-toggle="6"]').press('Enter')
    (text,) = listen()
    assert text == page.inner_text('#whatif-status')
    assert text.startswith('Without concept 6, ')
    page.locator('#all-on').press('Enter')
    assert listen() == [page.inner_text('#whatif-status')]


def test_the_layers_keep_the_focus(said):
    page, _ = said
    page.focus('[name=layer][value=prediction]')
    for layer in ('truth', 'error', 'confidence'):
        page.keyboard.press('ArrowDown')
        assert page.evaluate('document.activeElement.value') == layer
        assert page.evaluate('page.layer') == layer


def test_a_concept_says_its_number_and_leads_back(said):
    page, _ = said
    focused = 'document.activeElement.textContent'
    page.locator('table.evidence button').first.press('Enter')
    number = page.evaluate('page.model.concepts[page.concept]')
    assert page.evaluate(focused) == f'Concept {number}'
    back = page.get_by_role('link', name='Back to the table')
    back.press('Enter')
    assert page.evaluate(focused) == 'Why'
    page.locator('[data-concept="2"] button').last.scroll_into_view_if_needed()
    page.locator('#library-table [data-concept="2"] button').first.press(
        'Enter'
    )
    assert page.evaluate(focused) == 'Concept 2'
    back.press('Enter')
    assert page.evaluate(focused) == 'All concepts'


def test_the_map_in_words(said):
    page, _ = said
    page.locator('#library-table [data-concept="2"] button').first.click()
    place = page.evaluate('page.concept')
    activations = page.evaluate(f'[...conceptMap(page.model, {place})]')
    at = int(np.argmax(activations))
    share = np.mean(np.array(activations) > max(activations) / 2)
    words = page.inner_text('.map figcaption')
    assert f'at x {at % 96}, y {at // 96}. ' in words
    assert f'above half of that on {share:.1%}'.replace('%', ' %') in words


def test_running_sums_are_there_for_the_ear(said):
    page, _ = said
    for table in page.locator('table.evidence').all():
        total = 0
        rows = table.locator('tr').all()[1:]
        for row in rows:
            text = row.locator('.bar-cell').text_content()
            shown = round(
                10**4 * float(row.locator('.number').last.inner_text())
            )
            total = shown if row is rows[-1] else total + shown
            assert round(10**4 * float(text)) == total


def test_nothing_that_should_be_read_again_is_a_status(said):
    page, _ = said
    statuses = page.locator('[role=status], [role=alert]')
    ids = statuses.evaluate_all('all => all.map(e => e.id)')
    assert ids == ['copied']
    assert page.locator('[role=application]').count() == 0
