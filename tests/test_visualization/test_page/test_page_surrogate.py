"""Pages of a surrogate show where the model itself says something else."""

import json
import re

import numpy as np
import pytest
from mmseg.apis import inference_model
from surrogates import LINE, black_box, users_model
from test_page_accessibility import serious
from test_page_build import payload

from mmproto.visualization.page import save_pages

TEXT = re.compile(r'<(script|style)\b.*?</\1>', re.S)


@pytest.fixture
def save_surrogate(surrogate, image, origin, tmp_path):
    """Saves pages of a surrogate; the path of the first one."""

    def call(images=None):
        out = tmp_path / 'pages' / 'explain.html'
        return save_pages(surrogate, images or [image], out, origin)[0]

    return call


@pytest.fixture
def answers(surrogate, image):
    """What concept model and black box say (h,w), by mmseg alone."""
    own = users_model(surrogate.cfg, black_box(), surrogate)
    own.cfg = surrogate.cfg
    return [
        inference_model(model, image).pred_sem_seg.data[0].numpy()
        for model in (surrogate, own)
    ]


def shown(path):
    """The text of a page without its code."""
    return TEXT.sub('', path.read_text())


def test_data(save_surrogate, answers):
    path = save_surrogate()
    info, arrays = payload(path)
    concepts, own = answers
    assert np.array_equal(arrays['prediction'], concepts)
    assert np.array_equal(arrays['black_box'], own)
    here = float((concepts == own).mean())
    assert 0.05 < here < 0.95
    assert info['surrogate']['here'] == here
    text = ' '.join(shown(path).split())
    assert f'<strong>{LINE}</strong>' in text
    assert f'In this picture they agree at {100 * here:.1f} % of pix' in text


def test_layer(save_surrogate, visit, answers):
    page = visit(save_surrogate())
    box = page.locator('[name=layer][value=disagreement]')
    box.focus()
    box.press('Space')
    assert page.locator('label', has=box).inner_text().strip() == (
        'Where the model disagrees'
    )
    painted = page.evaluate(
        """() => {
            const canvas = byId('layer');
            const { width, height } = canvas;
            const data = canvas.getContext('2d')
                .getImageData(0, 0, width, height).data;
            return [...data].filter((_, i) => i % 4 === 3);
        }"""
    )
    concepts, own = answers
    different = concepts != own
    assert np.array_equal(np.reshape(painted, (64, 96)) > 0, different)
    words = (
        'Striped: the model itself says another class than the surrogate, '
        f'{100 * different.mean():.1f} % of the pixels.'
    )
    assert page.inner_text('#legend') == words
    page.wait_for_function(
        'words => byId("said").textContent.includes(words)', arg=words
    )
    assert 'layer=disagreement' in page.url


def test_sentence_at_a_pixel(save_surrogate, visit, answers, surrogate):
    concepts, own = answers
    path = save_surrogate()
    names = surrogate.dataset_meta['classes']
    for where, agrees in ((concepts == own, True), (concepts != own, False)):
        y, x = map(int, np.argwhere(where)[7])
        page = visit(path, f'#x={x}&y={y}')
        name = names[own[y, x]]
        said = f'The model itself says {name} here.'
        assert (said in page.inner_text('#sentence')) is not agrees
        verdict = page.text_content('#verdict')
        assert (f'the model itself: {name}' in verdict) is not agrees
        record = page.evaluate('recordOf(page)')
        assert record['surrogate']['agrees'] is agrees
        model = {'class': int(own[y, x]), 'name': name}
        assert record['surrogate']['model'] == model
        assert record['surrogate']['sentence'] == LINE
        assert (said in record['sentence']) is not agrees


def test_sentence_about_a_rectangle(save_surrogate, visit, answers, surrogate):
    page = visit(save_surrogate(), '#box=0,0,95,63')
    concepts, own = answers
    other = own[concepts != own]
    name = surrogate.dataset_meta['classes'][np.bincount(other).argmax()]
    assert page.inner_text('#sentence').endswith(
        f'The model itself says another class at {len(other):,} of its '
        f'6,144 pixels, mostly {name}.'
    )
    assert page.evaluate('recordOf(page)')['surrogate']['model'] is None


def test_what_if_claims_nothing_about_the_model(
    save_surrogate, visit, answers
):
    page = visit(save_surrogate(), '#layer=disagreement')
    status = page.locator('#whatif-status')
    assert status.inner_text() == (
        'All concepts are on: this is the surrogate as it was fitted.'
    )
    page.locator('#library-table [data-toggle]').first.click()
    assert status.inner_text().endswith('This holds for the surrogate only.')
    concepts, own = answers
    share = 100 * (concepts != own).mean()
    assert page.inner_text('#legend').endswith(
        f'{share:.1f} % of the pixels. Compared with all concepts on.'
    )
    sentence = page.inner_text('#sentence')
    if 'The model itself' in sentence:
        words = 'The model itself, which has no concepts to switch off, says'
        assert words in sentence


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_axe_finds_nothing(save_surrogate, visit, axe, scheme):
    page = visit(
        save_surrogate(), '#layer=disagreement', color_scheme=scheme,
        viewport=dict(width=320, height=800),
    )  # fmt: skip
    assert serious(page, axe) == []
    assert page.evaluate('document.documentElement.scrollWidth') <= 320


def test_list_of_pages(save_surrogate, visit, axe, image, answers):
    page = visit(save_surrogate([image, image]), wait='main')
    assert LINE in page.inner_text('main')
    share = 100 * (answers[0] == answers[1]).mean()
    facts = page.locator('.index span').all_inner_texts()
    words = f'agrees with the model at {share:.1f} % of pixels'
    assert [words in each for each in facts] == [True, True]
    assert serious(page, axe) == []


def test_other_pages_say_nothing_of_it(save, visit, image):
    path = save(images=[image, image])
    single = path.with_stem('explain_1')
    info, arrays = payload(single)
    assert info['surrogate'] is None and 'black_box' not in arrays
    for each in (path, single):
        assert 'surrogate' not in shown(each)
        assert 'model itself' not in shown(each)
    page = visit(single)
    assert page.locator('[name=layer][value=disagreement]').count() == 0
    text = page.evaluate('document.body.innerText')
    assert 'surrogate' not in text and 'disagree' not in text
    record = page.evaluate('recordOf(page)')
    assert record.pop('surrogate') is None
    assert 'surrogate' not in json.dumps(record)
    status = page.inner_text('#whatif-status')
    assert status == 'All concepts are on: this is the model itself.'
