"""What is selected and looked at: by keyboard, and from the address."""

import pytest


def box(page):
    selection = page.evaluate('page.selection')
    assert selection['kind'] == 'box'
    return [selection[name] for name in ('x0', 'y0', 'x1', 'y1')]


def test_a_rectangle_by_keyboard_stretches_then_moves(save, visit):
    page = visit(save(point=(70, 12)))
    stage = page.locator('#stage')
    page.check('[name=mode][value=box]')
    stage.press('Enter')
    stage.press('ArrowRight')  # a cell has 8 pixels
    stage.press('Shift+ArrowDown')
    assert box(page) == [70, 12, 78, 13]
    stage.press('Enter')
    assert box(page) == [70, 12, 78, 13]
    stage.press('ArrowDown')
    stage.press('Shift+ArrowLeft')
    assert box(page) == [69, 20, 77, 21]
    for _ in range(5):
        stage.press('ArrowRight')
    assert box(page) == [87, 20, 95, 21]  # at the border, of the same size
    stage.press('Enter')
    assert box(page) == [95, 21, 95, 21]  # the first corner of a new one


def test_a_rectangle_that_was_dragged_backwards_moves_to_the_border(
    save, visit
):
    page = visit(save(), '#box=30,40,10,20')
    for key in ('ArrowLeft', 'ArrowUp'):
        for _ in range(4):
            page.locator('#stage').press(key)
    assert box(page) == [20, 20, 0, 0]


def test_corners_of_a_rectangle_as_numbers(save, visit):
    page = visit(save())
    page.check('[name=mode][value=box]')
    for x, y in ((5, 6), (20, 30)):
        page.fill('#x', str(x))
        page.fill('#y', str(y))
        page.click('#go')
    assert box(page) == [5, 6, 20, 30]


def test_links_lead_back_to_the_view(save, visit):
    path = save()
    page = visit(path, '#x=12&y=34&concept=6&off=3')
    assert '#x=12&y=34&concept=6&off=3' in page.url
    assert 'Concept 6' in page.inner_text('#concept-panel h3')
    assert 'Without concept 3' in page.inner_text('#whatif-status')
    page.locator('[data-concept="2"] button').first.click()
    assert 'concept=2' in page.url
    hostile = visit(path, '#x=999&y=-1&concept=<b>&off=nothing&box=1,2')
    assert 'At x' in hostile.inner_text('#sentence')


LOOK = '#x=12&y=34&off=3&compare=0&layer=change&opacity=20'


def test_the_address_keeps_how_the_picture_looks(save, visit):
    path = save()
    page = visit(path, LOOK)
    assert page.is_checked('[name=layer][value=change]')
    assert page.input_value('#opacity') == '20'
    assert page.input_value('#compared') == '0'
    assert page.evaluate('location.hash') == LOOK
    page.select_option('#compared', '2')
    page.check('[name=layer][value=confidence]')
    page.fill('#opacity', '90')
    page.locator('#opacity').blur()
    again = visit(path, page.evaluate('location.hash'))
    assert again.is_checked('[name=layer][value=confidence]')
    assert again.input_value('#opacity') == '90'
    assert again.input_value('#compared') == '2'
    style = again.evaluate("byId('layer').style.opacity")
    assert float(style) == 0.9


@pytest.mark.parametrize(
    'look', ['compare=9', 'opacity=101', 'layer=toString', 'layer=concept']
)
def test_an_address_that_asks_for_what_is_not_there(save, visit, look):
    page = visit(save(), f'#x=12&y=34&{look}')
    assert page.evaluate('location.hash') == '#x=12&y=34'


def test_the_verdict_is_below_the_picture_where_the_sentence_is_not(
    save, visit
):
    path = save()
    phone = visit(path, '#x=40&y=50', viewport=dict(width=390, height=800))
    verdict = phone.locator('#verdict')
    assert verdict.is_visible()
    name = phone.evaluate('page.model.classes[page.explanation.winner]')
    assert verdict.inner_text().startswith(name)
    assert verdict.inner_text().endswith(', x 40, y 50. Why')
    places = [
        phone.locator(of).bounding_box()['y']
        for of in ('#stage', '#verdict', '#legend', '#sentence')
    ]
    assert places == sorted(places)
    verdict.locator('a').click()
    assert phone.locator('#explanation').evaluate(
        'heading => heading === document.activeElement'
    )
    wide = visit(path, '#x=40&y=50', viewport=dict(width=1280, height=800))
    assert not wide.locator('#verdict').is_visible()
