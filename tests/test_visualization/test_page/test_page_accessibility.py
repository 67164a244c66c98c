"""Keyboard, screen readers, small screens, hostile names."""

import json
from pathlib import Path

import pytest

HOSTILE = '</script><img src=x onerror=alert(1)>'


def serious(page, axe):
    """Serious and critical findings of axe-core."""
    page.evaluate(axe)
    found = page.evaluate('axe.run()')
    assert len(found['passes']) > 5  # it has looked
    return [
        (fault['id'], [node['target'] for node in fault['nodes']])
        for fault in found['violations']
        if fault['impact'] in ('serious', 'critical')
    ]


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [320, 1280])
def test_axe_finds_nothing(save, visit, axe, scheme, width):
    page = visit(
        save(),
        '#x=40&y=50&concept=6&off=3',
        color_scheme=scheme,
        viewport=dict(width=width, height=800),
    )
    assert serious(page, axe) == []
    wide = page.evaluate('document.documentElement.scrollWidth')
    assert wide <= width


def test_everything_can_be_reached_by_keyboard(save, visit):
    page = visit(save())
    reached = set()
    for _ in range(120):
        page.keyboard.press('Tab')
        seen = page.evaluate(
            """() => {
                const active = document.activeElement;
                const style = getComputedStyle(active);
                return [active.id || active.name || active.textContent,
                        style.outlineStyle !== 'none', active.tagName];
            }"""
        )
        if seen[2] == 'BODY':
            break
        assert seen[1], f'the focus on {seen[0]} does not show'
        reached.add(seen[0])
    wanted = {'stage', 'x', 'y', 'go', 'mode', 'layer', 'opacity', 'compared'}
    wanted |= {'reason', 'author', 'command', 'copy', 'save', '6'}
    assert wanted <= reached


def test_focus_stays_when_a_concept_is_switched(save, visit):
    page = visit(save())
    toggle = page.locator('[data-toggle="6"]')
    toggle.focus()
    toggle.press('Enter')
    focused = page.evaluate('document.activeElement.dataset.toggle')
    assert focused == '6'


def test_hostile_names_stay_text(save, visit, projected, image, tmp_path):
    names = ['road', HOSTILE, 'car', '{{ 7 * 7 }}']
    projected.dataset_meta['classes'] = names
    projected.dataset_meta['concept_names'] = {6: HOSTILE}
    name = HOSTILE.replace('/', '_')
    picture = tmp_path / f'{name}.png'
    picture.write_bytes(Path(image).read_bytes())
    page = visit(save(images=[str(picture)]), '#x=40&y=50&concept=6')
    assert page.evaluate('document.images.length') == 2  # picture, map
    assert page.locator('script').count() == 2
    assert name in page.title() and name in page.inner_text('h1')
    assert HOSTILE in page.inner_text('#compared')
    assert HOSTILE in page.inner_text('#concept-panel h3')
    shown = json.dumps(page.evaluate('recordOf(page)'))
    assert 'onerror' in shown


def test_what_the_policy_forbids_is_blocked(save, visit, browser):
    page = browser.new_page()
    page.goto(save().resolve().as_uri())
    page.wait_for_selector('body[data-ready]')
    ran = page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.ran = true';
            document.body.append(script);
            return window.ran === true;
        }"""
    )
    assert not ran
    blocked = page.evaluate(
        """() => fetch('https://example.org').then(() => false, () => true)"""
    )
    assert blocked
    page.close()


def test_the_list_of_several_pages(save, visit, image, axe):
    page = visit(save(images=[image, image]), wait='main')
    links = page.locator('main a')
    assert links.count() == 2 and serious(page, axe) == []
    links.last.click()
    page.wait_for_selector('body[data-ready]')
    assert page.url.split('#')[0].endswith('explain_2.html')
