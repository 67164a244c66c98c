"""The page in a real browser: its numbers are those of Python."""

import json
import shlex

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmseg.apis import inference_model
from mmseg.registry import MODELS

import mmproto
from mmproto.explanations.record import explanation_record
from mmproto.visualization.page import build as build_module
from mmproto.visualization.page import save_pages

SLIDE = dict(mode='slide', crop_size=(48, 48), stride=(32, 24))
RESIZE = dict(type='Resize', scale=(120, 90), keep_ratio=True)
FLIP = dict(type='RandomFlip', prob=1.0)
PAD = dict(size_divisor=64)


def shown(page, x, y):
    """The record of the page, after a check of where it is."""
    record = page.evaluate('recordOf(page)')
    assert record['selection'] == dict(kind='point', x=x, y=y)
    return record


def assert_same(record, explanation):
    """Compare the numbers of a page with those of explanation.json."""
    expected = explanation_record(explanation)
    for name in ('predicted', 'runner_up'):
        assert record[name].pop('name') == expected[name].pop('name')
        assert record[name] == pytest.approx(expected[name], rel=1e-5)
    rows = {row['concept']: row for row in record['contributions']}
    compared = record['compared']
    for name in ('predicted', 'runner_up'):
        if compared['class'] == expected[name]['class']:
            assert [r['compared'] for r in rows.values()] == [
                r[name] for r in rows.values()
            ]
    rows = {
        k: {name: v for name, v in row.items() if name != 'compared'}
        for k, row in rows.items()
    }
    for row in expected['contributions']:
        assert rows[row['concept']] == pytest.approx(row, abs=1e-6)
    activations = [rows[k]['activation'] for k in sorted(rows)]
    assert activations == pytest.approx(
        explanation.activations[sorted(rows)], abs=1e-6
    )


def assert_explains(page, model, image, x, y):
    """The page is at a pixel, and says what Python says there."""
    assert_same(shown(page, x, y), mmproto.explain(model, image, (x, y)))


def click(page, x, y):
    """Click the middle of a pixel of the picture."""
    box = page.locator('#stage').bounding_box()
    place = dict(
        x=(x + 0.5) * box['width'] / 96, y=(y + 0.5) * box['height'] / 64
    )
    page.locator('#stage').click(position=place)


def test_click_and_keys_give_the_numbers_of_the_json(
    save, visit, projected, image
):
    page = visit(save(point=(40, 50)))
    assert_same(
        shown(page, 40, 50), mmproto.explain(projected, image, (40, 50))
    )
    click(page, 70, 12)
    assert_same(
        shown(page, 70, 12), mmproto.explain(projected, image, (70, 12))
    )
    page.locator('#stage').press('ArrowLeft')  # a cell has 8 pixels
    page.locator('#stage').press('Shift+ArrowDown')
    assert_same(
        shown(page, 62, 13), mmproto.explain(projected, image, (62, 13))
    )
    page.fill('#x', '95')
    page.fill('#y', '63')
    page.click('#go')
    assert_same(
        shown(page, 95, 63), mmproto.explain(projected, image, (95, 63))
    )


def test_bars_sum_to_the_score(save, visit):
    page = visit(save(point=(40, 50)))
    tables = page.locator('table.evidence')
    assert tables.count() == 2
    for table in tables.all():
        adds = [
            row.locator('td.number').last
            for row in table.locator('tr').all()[1:]
        ]
        exact = [float(a.get_attribute('data-value')) for a in adds]
        assert sum(exact[:-1]) == pytest.approx(exact[-1], abs=1e-9)
        read = [round(10**4 * float(a.inner_text())) for a in adds]
        assert sum(read[:-1]) == read[-1]
        spans = table.evaluate(
            """t => [...t.querySelectorAll('.bar')].map(b => [
                parseFloat(b.style.left), parseFloat(b.style.width)])"""
        )
        *rows, (left, width) = spans
        ends = [start + length for start, length in rows]
        starts = [start for start, _ in rows]
        assert starts[1:] == pytest.approx(ends[:-1], abs=1e-3)
        assert ends[-1] == pytest.approx(left + width, abs=1e-3)


def python_prediction(model, image, off=()):
    """Prediction and evidence with the weights of some concepts at zero."""
    weight = model.decode_head.conv_seg.weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight[:, list(off)] = 0
        logits = inference_model(model, image).seg_logits.data
        weight.copy_(kept)
    return logits.argmax(dim=0).numpy(), logits.numpy()


def assert_predicts(page, model, image, off=()):
    """Same class at every pixel, but for ties within rounding."""
    expected, logits = python_prediction(model, image, off)
    labels = np.array(page.evaluate('[...page.now.labels]')).reshape(64, 96)
    first, second = np.sort(logits, axis=0)[:-3:-1]
    tied = first - second < 1e-6
    assert tied.mean() < 0.01
    assert (labels == expected)[~tied].all()
    return expected


def test_what_if_equals_the_model_without_the_concepts(
    save, visit, projected, image
):
    page = visit(save())
    before = assert_predicts(page, projected, image)
    page.locator('[data-toggle="3"]').click()
    page.locator('[data-toggle="5"]').click()
    after = assert_predicts(page, projected, image, (3, 5))
    status = page.locator('#whatif-status')
    changed = float(status.get_attribute('data-changed'))
    assert changed == pytest.approx((before != after).mean(), abs=1e-3)
    assert 'Without concept 3 and concept 5' in status.inner_text()
    page.fill('#reason', "it's a shadow")
    command = shlex.split(page.input_value('#command'))
    start = command.index('--disable')
    assert command[start : start + 7] == [
        *('--disable', '3', '5', '--reason', "it's a shadow", '--by', '')
    ]
    assert command[-1].endswith("o'model_without_3_5.pth")
    record = page.evaluate('recordOf(page)')
    assert record['switched_off'] == [3, 5]
    page.click('#all-on')
    assert_predicts(page, projected, image)


@pytest.mark.parametrize('test_cfg', [dict(mode='whole'), SLIDE])
@pytest.mark.parametrize(
    ('step', 'padding'), [(RESIZE, None), (RESIZE, PAD), (FLIP, PAD)]
)
def test_any_way_of_inference(
    save, visit, projected, image, test_cfg, step, padding
):
    projected.test_cfg = ConfigDict(test_cfg)
    projected.data_preprocessor.test_cfg = padding
    projected.cfg.test_pipeline.insert(1, ConfigDict(step))
    page = visit(save(point=(33, 21)))
    assert_same(
        shown(page, 33, 21), mmproto.explain(projected, image, (33, 21))
    )
    assert_predicts(page, projected, image)
    assert page.evaluate('page.agreement') > 0.99


def test_rounded_maps_stay_within_what_the_page_says(
    save, visit, projected, image, monkeypatch
):
    monkeypatch.setattr(build_module, 'GOAL', 1)
    page = visit(save(point=(40, 50)))
    _, logits = python_prediction(projected, image)
    evidence = page.evaluate('[...page.explanation.evidence]')
    said = page.evaluate('page.info.rounding')
    assert 0 < said < 1e-3
    assert evidence == pytest.approx(logits[:, 50, 40], abs=1.1 * said)


@pytest.mark.parametrize('sharpness', [None, 3.5])
@pytest.mark.parametrize('link', ['share', 'softmax', 'log1p_square'])
def test_confidence_is_the_probability_of_the_link(
    save, visit, projected, image, link, sharpness
):
    projected.decode_head.link = link
    projected.decode_head._sharpness = sharpness
    page = visit(save())
    logits = inference_model(projected, image).seg_logits.data
    expected = projected.decode_head.probabilities(logits[None])[0].amax(dim=0)
    confidence = page.evaluate('[...page.now.confidence]')
    assert confidence == pytest.approx(expected.flatten().numpy(), abs=1e-5)


def test_a_model_without_any_evidence(save, visit, projected):
    torch.nn.init.constant_(projected.decode_head.conv_seg.weight, -1.0)
    page = visit(save())
    assert 'no concept speaks' in page.inner_text('#sentence')


def build(config, **head):
    """Another model than the tiny one."""
    init_default_scope('mmseg')
    config.model.decode_head.update(dict(prototypes_per_concept=1) | head)
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    model.cfg = config
    return model.eval()


SIGNED = dict(
    prototype_layer=dict(type='mmproto.DistancePrototypes'),
    classifier=dict(type='mmproto.ClassSpecificConv2d'),
    link='softmax',
)
GROUPS = dict(
    num_concepts=12,
    prototypes_per_concept=2,
    concept_pooling=dict(type='mmproto.SimplexGroups'),
    **SIGNED,
)
MIXED = dict(prototype_layer=dict(type='mmproto.SoftmaxConcepts'), channels=8)


@pytest.mark.parametrize('head', [SIGNED, GROUPS, MIXED])
def test_other_heads(visit, image, tiny_config, origin, tmp_path, head):
    model = build(tiny_config, **head)
    out = tmp_path / 'page.html'
    page = visit(save_pages(model, [image], out, origin, point=(40, 50))[0])
    assert page.evaluate('page.agreement') > 0.99
    _, logits = python_prediction(model, image)
    evidence = page.evaluate('[...page.explanation.evidence]')
    assert evidence == pytest.approx(logits[:, 50, 40], rel=1e-5, abs=1e-6)
    layers = page.inner_text('#layers')
    assert ('Unlike' in layers) == ('SoftmaxConcepts' not in str(head))
    if 'classifier' in head:
        assert page.locator('.bar.against').count()
        assert 'speaks against' in page.inner_text('#counter')


def test_segments_and_rectangles_explain_the_mean(
    save, visit, projected, image
):
    page = visit(save(), '#box=10,20,30,40')
    assert page.is_checked('[name=mode][value=box]')
    _, logits = python_prediction(projected, image)
    mean = logits[:, 20:41, 10:31].mean(axis=(1, 2))
    evidence = page.evaluate('[...page.explanation.evidence]')
    assert evidence == pytest.approx(mean, abs=1e-5)
    page.check('[name=mode][value=segment]')
    click(page, 70, 12)
    pixels = page.evaluate('page.explanation.pixels')
    labels = np.array(page.evaluate('[...page.now.labels]'))
    assert len(set(labels[pixels])) == 1 and 12 * 96 + 70 in pixels
    expected = logits.reshape(4, -1)[:, pixels].mean(axis=1)
    evidence = page.evaluate('[...page.explanation.evidence]')
    assert evidence == pytest.approx(expected, abs=1e-5)


def test_layers_and_library(save, visit, projected):
    page = visit(save())
    total = 64 * 96
    for name in ('prediction', 'truth', 'error', 'confidence', 'unlike'):
        page.check(f'[name=layer][value={name}]')
        assert page.locator('#legend').inner_text()
    page.check('[name=layer][value=prediction]')
    cells = page.locator('#legend li').all()
    counts = [int(c.get_attribute('data-value')) for c in cells]
    assert sum(counts) == total
    page.click('[data-column=purity]')
    column = page.locator('#library-table tbody td:nth-of-type(4)').all()
    purity = [float(c.get_attribute('data-value')) for c in column]
    assert purity == sorted(purity, reverse=True)
    used = projected.decode_head.class_weights.any(dim=0).sum()
    assert len(purity) == used


def test_the_record_is_saved_as_json(save, visit):
    page = visit(save())
    with page.expect_download() as download:
        page.click('#save')
    record = json.loads(download.value.path().read_text())
    assert record == page.evaluate('recordOf(page)')
    assert len(record['model']['sha256']) == 64
