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
        page.wait_for_timeout(150)  # until it is said
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


def test_the_border_is_said_each_time(said):
    page, listen = said
    for ended in (False, False, True, True, True):  # rows 58, 63, 63, ...
        page.locator('#stage').press('ArrowDown')
        (text,) = listen()
        assert (text.rstrip() == 'The picture ends here.') == ended


def test_corners_of_a_rectangle_are_said(said):
    page, listen = said
    page.check('[name=mode][value=box]')
    (text,) = listen()
    assert 'rectangle x 40 to 40, y 50 to 50. Because of ' in text
    stage = page.locator('#stage')
    for key, start in (
        ('Enter', 'First corner at x 40, y 50. '),
        ('ArrowLeft', 'Because of '),
        ('Enter', 'Rectangle set. '),
    ):
        stage.press(key)
        (text,) = listen()
        assert text.startswith(start)
    assert value(page)[1].endswith(', rectangle x 32 to 40, y 50 to 50')


def test_a_wrong_number_is_said_each_time(said):
    page, listen = said
    page.fill('#x', '96')
    page.locator('#x').press('Enter')
    (first,) = listen()
    page.click('#go')
    (second,) = listen()
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


def test_a_what_if_says_what_changed_there_and_here(said):
    page, listen = said
    page.locator('[data-toggle="6"]').press('Enter')
    what_if = page.inner_text('#whatif-status')
    assert what_if.startswith('Without concept 6, ')
    here = value(page)[1]
    assert here.endswith(', x 40, y 50, without 1 concept')
    assert listen() == [f'{what_if} Here: {here}.']
    page.locator('#all-on').press('Enter')
    what_if = page.inner_text('#whatif-status')
    assert listen() == [f'{what_if} Here: {value(page)[1]}.']
    assert 'without' not in value(page)[1]


def test_the_layers_keep_the_focus_and_say_what_they_show(said):
    page, listen = said
    page.focus('[name=layer][value=prediction]')
    for layer in ('truth', 'error', 'confidence'):
        page.keyboard.press('ArrowDown')
        assert page.evaluate('document.activeElement.value') == layer
        assert page.evaluate('page.layer') == layer
        words = 'Striped: wrong, ' if layer == 'error' else ''
        assert listen()[-1].startswith(words)


def test_a_concept_says_its_number_and_leads_back(said):
    page, _ = said
    focused = 'document.activeElement.textContent'
    page.locator('table.evidence button').first.press('Enter')
    number = page.evaluate('page.model.concepts[page.concept]')
    assert page.evaluate(focused) == f'Concept {number}'
    back = page.get_by_role('button', name='Back to the table')
    back.press('Enter')
    assert page.evaluate(focused) == str(number)
    opener = page.locator('#library-table button[data-concept="2"]')
    opener.press('Enter')
    assert page.evaluate(focused) == 'Concept 2'
    back.press('Enter')
    assert opener.evaluate('button => button === document.activeElement')
    opener.press('Enter')
    page.get_by_role('link', name='Link to this concept').press('Enter')
    page.locator('#concept-name:focus', has_text='Concept 2').wait_for()
    assert 'concept=2' in page.url


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


def test_copying_says_what_is_missing(said):
    page, _ = said
    page.locator('[data-toggle="6"]').click()
    page.click('#copy')
    page.locator('#copied', has_text='needed').wait_for()
    page.fill('#reason', 'shadows')
    page.fill('#author', 'J. Doe')
    page.click('#copy')
    page.locator('#copied', has_not_text='needed').wait_for()


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
