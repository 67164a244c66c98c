"""tools/edit_concepts.py as its users run it."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmseg.apis import inference_model, init_model
from surrogates import LINE

from mmproto.checkpoints.comparison import (
    ModelComparison,
    build_test_loader,
    compare_checkpoints,
)
from mmproto.editing import edit_checkpoint
from mmproto.editing.comparison import change_table
from mmproto.models.facts import ModelFacts

WHO = ('--by', 'J. Doe', '--reason', 'fires on shadows')
WEIGHT = 'decode_head.conv_seg.weight'


def load(path):
    return torch.load(path, weights_only=True)


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.fixture
def there_and_back(trained, run, tmp_path):
    """A checkpoint, without a concept, and with it again; what was said."""
    config, checkpoint = trained
    before = Path(checkpoint).read_bytes()
    lines = run('edit_concepts.py', *trained, '--disable', 6, *WHO)
    edited, back = tmp_path / 'model_edited.pth', tmp_path / 'back.pth'
    assert lines[-1] == str(edited)
    assert Path(checkpoint).read_bytes() == before
    run(
        'edit_concepts.py',
        *(config, edited, '--enable', 6, '--out', back),
        *('--by', 'Ann', '--reason', 'needed after all'),
    )
    return checkpoint, edited, back, lines[-2]


@pytest.mark.smoke
def test_a_concept_is_disabled_and_enabled(trained, there_and_back):
    config = trained[0]
    checkpoint, edited, back, _ = there_and_back
    old, new, again = load(checkpoint), load(edited), load(back)
    assert set(new) == {'meta', 'state_dict'} and new['meta']['iter'] == 4
    column = old['state_dict'][WEIGHT][:, 6].flatten().tolist()
    for name, value in old['state_dict'].items():
        assert torch.equal(value, again['state_dict'][name])
        if name != WEIGHT:
            assert torch.equal(value, new['state_dict'][name])
    expected = old['state_dict'][WEIGHT].clone()
    expected[:, 6] = 0
    assert torch.equal(new['state_dict'][WEIGHT], expected)
    model = init_model(config, str(edited), device='cpu')
    assert model.dataset_meta['disabled_concepts'] == {'6': column}
    assert again['meta']['dataset_meta'] == old['meta']['dataset_meta']


@pytest.mark.smoke
def test_edits_are_logged(there_and_back, tmp_path):
    checkpoint, edited, back, said = there_and_back
    column = load(checkpoint)['state_dict'][WEIGHT][:, 6].flatten().tolist()
    log = (tmp_path / 'audit.jsonl').read_text().splitlines()
    first, second = map(json.loads, log)
    assert said == f'entry 1 of the audit log, hash {first["hash"]}'
    assert (first['by'], first['reason']) == ('J. Doe', 'fires on shadows')
    assert first['time'].endswith('+00:00')
    (action,), (undone,) = first['actions'], second['actions']
    assert action == dict(
        kind='disable', concept=6, old_weights=column, new_weights=[0.0] * 4
    )
    assert undone['new_weights'] == column
    assert first['before'] == dict(file='model.pth', sha256=sha256(checkpoint))
    assert first['after'] == second['before']
    assert first['after']['sha256'] == sha256(edited)
    assert second['after'] == dict(file='back.pth', sha256=sha256(back))


@pytest.mark.smoke
def test_verifying_tells_the_history(trained, there_and_back, run, tmp_path):
    config = trained[0]
    checkpoint, edited, back, _ = there_and_back
    log = (tmp_path / 'audit.jsonl').read_text().splitlines()
    first, second = map(json.loads, log)
    for path, origin in (
        (checkpoint, 'made by no entry, and edited by entry 1'),
        (edited, 'made by entry 1'),
        (back, 'made by entry 2'),
    ):
        lines = run('edit_concepts.py', config, path, '--verify')
        assert lines == [
            f"entry 1, {first['time']}, 'J. Doe': disabled concept 6 "
            "(reason: 'fires on shadows')",
            f"entry 2, {second['time']}, 'Ann': enabled concept 6 "
            "(reason: 'needed after all')",
            f'the audit log is whole: {path} was {origin}',
        ]
    # the chain cannot know of what was cut off at its end; checkpoints do
    (tmp_path / 'audit.jsonl').write_text(log[0] + '\n')
    run('edit_concepts.py', config, edited, '--verify')
    with pytest.raises(SystemExit, match='lines at the end were removed'):
        run('edit_concepts.py', config, back, '--verify')
    (tmp_path / 'audit.jsonl').write_text(log[1] + '\n')
    with pytest.raises(SystemExit, match='before line 1'):
        run('edit_concepts.py', config, back, '--verify')


def test_several_concepts_at_once(trained, run, tmp_path):
    config, checkpoint = trained
    named, off, on = (tmp_path / f'{n}.pth' for n in ('named', 'off', 'on'))
    edit = 'edit_concepts.py', config
    run(*edit, checkpoint, '--rename', 6, 'kerb', *WHO, '--out', named)
    lines = run(*edit, named, '--disable', 6, 2, 5, *WHO, '--out', off)
    assert lines[-3] == "disabled concepts 6 'kerb', 2, 5"
    old = load(checkpoint)['state_dict'][WEIGHT]
    expected = old.clone()
    expected[:, [2, 5, 6]] = 0
    assert torch.equal(load(off)['state_dict'][WEIGHT], expected)

    log = (tmp_path / 'audit.jsonl').read_bytes()
    files = sorted(tmp_path.iterdir())
    for arguments, message in (
        (('--enable', 5, 2, 3), "3 is not .* are: 2, 5, 6 'kerb'"),
        (('--enable', 5, 2, 5), '--enable names concept 5 more than once'),
        (('--disable', 3, 3), '--disable names concept 3 more than once'),
        (('--disable', 1, 6), "concept 6 'kerb' is disabled"),
        (('--disable', 1, 8), 'no concept 8'),
    ):
        with pytest.raises(SystemExit, match=f'^error: .*{message}'):
            run(*edit, off, *arguments, *WHO, '--out', on)
    assert (tmp_path / 'audit.jsonl').read_bytes() == log
    assert sorted(tmp_path.iterdir()) == files

    lines = run(*edit, off, '--enable', 2, 6, 5, *WHO, '--out', on)
    assert lines[-3] == "enabled concepts 2, 6 'kerb', 5"
    again, text = load(on), (tmp_path / 'audit.jsonl').read_text()
    assert torch.equal(again['state_dict'][WEIGHT], old)
    assert 'disabled_concepts' not in again['meta']['dataset_meta']
    entries = [json.loads(line) for line in text.splitlines()]
    assert [
        [action['concept'] for action in entry['actions']] for entry in entries
    ] == [[6], [6, 2, 5], [2, 6, 5]]
    assert [entry['version'] for entry in entries] == [2, 2, 2]


def test_no_edits_make_no_checkpoint(trained):
    config, checkpoint = trained
    with pytest.raises(ValueError, match='at least one'):
        edit_checkpoint(Config.fromfile(config), checkpoint, [], 'A', 'r')
    assert len(list(Path(checkpoint).parent.glob('*.pth'))) == 1


def test_rename_and_reweight(trained, run, tmp_path):
    config, checkpoint = trained
    log = tmp_path / 'logs' / 'mine.jsonl'
    named, weighted = tmp_path / 'named.pth', tmp_path / 'weighted.pth'
    more = (*WHO, '--audit', log, '--out')
    edit = 'edit_concepts.py', config
    run(*edit, checkpoint, '--rename', 6, 'left rear wheel', *more, named)
    run(*edit, named, '--reweight', 6, 'CAR', 0.25, *more, weighted)
    meta = init_model(config, str(weighted), device='cpu').dataset_meta
    assert meta['concept_names'] == {'6': 'left rear wheel'}
    expected = load(checkpoint)['state_dict'][WEIGHT].clone()
    expected[2, 6] = 0.25
    assert torch.equal(load(weighted)['state_dict'][WEIGHT], expected)
    run(*edit, weighted, '--verify', '--audit', log)
    assert not (tmp_path / 'audit.jsonl').exists()


def test_a_signed_classifier(trained, run, tmp_path):
    config, checkpoint = trained
    cfg = Config.fromfile(config)
    cfg.model.decode_head.update(
        classifier=dict(type='mmproto.ClassSpecificConv2d'), link='softmax'
    )
    cfg.dump(config)
    out = tmp_path / 'signed.pth'
    edit = 'edit_concepts.py', config
    run(*edit, checkpoint, '--reweight', 6, 1, -0.5, *WHO, '--out', out)
    model = init_model(config, str(out), device='cpu')
    column = model.decode_head.class_weights[:, 6]
    expected = torch.tensor([12.29, -0.5, -1.0, 1.29])
    assert torch.equal(column, expected)
    gone = tmp_path / 'gone.pth'
    run(*edit, out, '--disable', 6, *WHO, '--out', gone)
    model = init_model(config, str(gone), device='cpu')
    assert not model.decode_head.class_weights[:, 6].any()
    kept = model.dataset_meta['disabled_concepts']['6']
    assert torch.equal(torch.tensor(kept), expected)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (('--disable', 6), 'who wants it and why'),
        (('--disable', 6, '--by', 'Ann'), 'who wants it and why'),
        (('--disable', 6, '--by', 'A', '--reason', ' '), 'who wants it'),
        (('--disable', 8, *WHO), 'no concept 8'),
        (('--rename', 6, '', *WHO), 'has no name already'),
        (('--reweight', 6, 'car', 0, *WHO), 'has the weight 0.0 for car'),
        (('--rename', 'six', 'wheel', *WHO), "expected a number, got 'six'"),
        (('--reweight', 6, 'car', 'x', *WHO), "expected a number, got 'x'"),
        (('--reweight', 6, 'car', -1, *WHO), 'not negative, got -1.0'),
        (('--disable', 6, *WHO, '--out', 'model.pth'), 'is the checkpoint'),
        (('--disable', 6, *WHO, '--out', 'config.py'), 'exists'),
        (('--verify',), 'no file .*audit.jsonl'),
        (('--verify', '--audit', 'config.py'), 'line 1 is no entry'),
        (('--disable', 6, *WHO, '--audit', 'config.py'), 'be continued'),
    ],
)
def test_refusals(trained, run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    files = {path: path.read_bytes() for path in tmp_path.glob('*.*')}
    with pytest.raises(SystemExit, match=f'(?s)^error: .*{message}'):
        run('edit_concepts.py', 'config.py', 'model.pth', *arguments)
    assert files == {p: p.read_bytes() for p in tmp_path.glob('*.*')}


def test_other_configs_and_nameless_checkpoints(trained, run, tmp_path):
    config, checkpoint = trained
    disable = '--disable', 6, *WHO
    nameless = tmp_path / 'nameless.pth'
    torch.save(load(checkpoint) | dict(meta={}), nameless)
    with pytest.raises(SystemExit, match='does not name its classes'):
        run('edit_concepts.py', config, nameless, *disable)
    cfg = Config.fromfile(config)
    cfg.model.decode_head.num_concepts = 9
    cfg.dump(config)
    with pytest.raises(SystemExit, match='does not fit the config'):
        run('edit_concepts.py', *trained, *disable)
    assert not (tmp_path / 'audit.jsonl').exists()


def test_evaluation_equals_a_loop_over_classes(trained, run, tiny_data):
    config, checkpoint = trained
    lines = run(
        'edit_concepts.py',
        *(*trained, '--disable', 6, 1, *WHO, '--evaluate', '--device', 'cpu'),
    )
    models = [
        init_model(config, p, device='cpu') for p in (checkpoint, lines[-1])
    ]
    assert load_checkpoint(models[1], lines[-1])
    maps, labels = ([], []), []
    for path in sorted((tiny_data / 'leftImg8bit/val/town').iterdir()):
        mask = str(path).replace('leftImg8bit', 'gtFine')
        mask = mask.replace('gtFine.png', 'gtFine_labelTrainIds.png')
        labels.append(cv2.imread(mask, cv2.IMREAD_UNCHANGED))
        for model, predicted in zip(models, maps):
            model.cfg.test_pipeline = [
                dict(type='LoadImageFromFile'),
                dict(type='PackSegInputs'),
            ]
            result = inference_model(model, str(path))
            predicted.append(result.pred_sem_seg.data[0].numpy())
    labels, first, second = map(np.array, (labels, *maps))
    cfg = Config.fromfile(config)
    loader = build_test_loader(cfg)
    comparison = compare_checkpoints(cfg, (checkpoint, lines[-1]), loader)
    rows = [line.strip('| ').split() for line in lines]
    table = {row[0]: row[2::2] for row in rows if len(row) == 7}
    known = labels != 255
    assert not known.all()
    for side, (predicted, ious) in enumerate(
        ((first, comparison.ious[0]), (second, comparison.ious[1]))
    ):
        expected = []
        for index, name in enumerate(('road', 'wall', 'car', 'sign')):
            true, said = labels == index, (predicted == index) & known
            union = (true | said).sum()
            iou = 100 * (true & said).sum() / union
            expected.append(iou)
            assert ious[index].item() == pytest.approx(iou)
            assert table[name][side] == f'{iou:.2f}'
        assert table['mIoU'][side] == f'{np.nanmean(expected):.2f}'
    changed = (first != second).mean()
    assert 0 < changed == pytest.approx(1 - comparison.agreement)
    assert f'changed pixels: {changed:.4%}' in lines


def test_class_names_of_the_table_are_escaped():
    comparison = ModelComparison(
        ['a\x1b[2Jb'], torch.ones(1, 1), torch.tensor([[50.0], [60.0]]), {}
    )
    rows = change_table(comparison).splitlines()
    assert all(row.isprintable() for row in rows)
    (row,) = [row for row in rows if '[2J' in row]
    assert row.startswith(r'| a\x1b[2Jb |  50.00 |')


def test_without_labels_there_is_no_table_of_accuracy():
    nothing = torch.full((2, 1), torch.nan)
    found = ModelComparison(['road'], torch.ones(1, 1), nothing, {})
    with pytest.raises(ValueError, match='the test data has no labels'):
        change_table(found)


def test_nothing_is_edited_where_nothing_can_be_evaluated(trained, run):
    config, checkpoint = trained
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset.data_root = 'nowhere'
    cfg.dump(config)
    before = sorted(Path(config).parent.iterdir())
    with pytest.raises(SystemExit, match='nowhere'):
        run('edit_concepts.py', *trained, '--disable', 6, *WHO, '--evaluate')
    assert sorted(Path(config).parent.iterdir()) == before


def test_a_surrogate_says_that_it_was_edited(surrogate, run, tmp_path):
    config, path = tmp_path / 'config.py', tmp_path / 'surrogate.pth'
    surrogate.cfg.dump(config)
    meta = dict(dataset_meta=surrogate.dataset_meta)
    weights = surrogate.state_dict()
    torch.save(dict(state_dict=weights, meta=meta), path)
    edit = 'edit_concepts.py', config
    off = run(*edit, path, '--disable', 1, 2, *WHO)[-1]
    out = '--out', tmp_path / 'on.pth'
    on = run(*edit, off, '--enable', 1, 2, *WHO, *out)[-1]
    end = ', measured before 2 concepts were switched off'
    for checkpoint, expected in ((off, LINE + end), (on, LINE)):
        model = init_model(str(config), checkpoint, device='cpu')
        assert ModelFacts.of(model).surrogate.sentence() == expected
