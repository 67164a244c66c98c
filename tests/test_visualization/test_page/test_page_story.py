"""From a wrong prediction to a changed model, as a safety engineer goes."""

import json
import shlex

import numpy as np
from mmseg.apis import inference_model, init_model

from mmproto.utils.origin import Origin
from mmproto.visualization.page import save_pages


def predict(config, checkpoint, image):
    model = init_model(config, checkpoint, 'cpu')
    sample = inference_model(model, image)
    return sample.pred_sem_seg.data[0].numpy(), sample.seg_logits.data.numpy()


def switch_off(page):
    """Switch the first concept of the first table off; its number."""
    row = page.locator('table.evidence tbody tr[data-concept]').first
    concept = int(row.get_attribute('data-concept'))
    row.locator('button').click()
    page.click('#toggle-concept')
    return concept


def test_the_command_makes_the_model_that_the_page_showed(
    trained, image, visit, run, tmp_path
):
    config, checkpoint = trained
    model = init_model(config, checkpoint, 'cpu')
    out = tmp_path / 'why.html'
    save_pages(model, [image], out, Origin(config, checkpoint))
    page = visit(out)
    page.locator('#place-list button').first.click()
    concepts = {switch_off(page), switch_off(page)}
    page.fill('#reason', "it's wrong: 100 %")
    page.fill('#author', 'J. Doe')
    command = shlex.split(page.input_value('#command'))
    assert command[:2] == ['mmproto', 'edit']
    made = run('edit_concepts.py', *command[2:])[-1]

    before, _ = predict(config, checkpoint, image)
    after, logits = predict(config, made, image)
    second, first = np.sort(logits, axis=0)[-2:]
    labels = page.evaluate('[...page.now.labels]')
    labels = np.array(labels).reshape(after.shape)
    assert (labels == after)[first - second > 1e-6].all()
    assert (before != after).any()
    (line,) = (tmp_path / 'audit.jsonl').read_text().splitlines()
    entry = json.loads(line)
    assert (entry['by'], entry['reason']) == ('J. Doe', "it's wrong: 100 %")
    actions = entry['actions']
    assert [action['kind'] for action in actions] == ['disable', 'disable']
    assert {action['concept'] for action in actions} == concepts
    said = page.evaluate('recordOf(page).model.sha256')
    assert entry['before']['sha256'] == said
