"""tools/analysis_tools/confusions_by_concept.py as its users run it."""

import csv
import hashlib
import json
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner, load_checkpoint, save_checkpoint

import mmproto
from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.prototypes.projection import project_prototypes

TOOL = 'analysis_tools/confusions_by_concept.py'
NAME = 'a|b *c* $x$ <i>'


@pytest.fixture
def files(trained, tiny_model, tmp_path):
    """Config and checkpoint with a projection record, of data that moved."""
    config, checkpoint = trained
    load_checkpoint(tiny_model, checkpoint)
    torch.manual_seed(0)
    with torch.no_grad():  # not one class everywhere
        tiny_model.decode_head.conv_seg.weight.uniform_(-0.5, 1)
    cfg = projection_dataloader(tiny_model.cfg)
    loader = Runner.build_dataloader(cfg)
    record = project_prototypes(tiny_model, loader, topk=3)
    for prototype in record['prototypes']:  # the data moved since
        for patch in prototype['patches']:
            patch['image'] = '/old/' + '/'.join(patch['image'].split('/')[-4:])
    names = {str(concept): NAME for concept in range(8)}
    return config, save(tiny_model, tmp_path, record, names)


def save(model, folder, record=None, names=None):
    meta = dict(model.dataset_meta, concept_names=names or {})
    if record is not None:
        meta['projection'] = record
    path = folder / 'other.pth'
    state = dict(meta=dict(dataset_meta=meta), state_dict=model.state_dict())
    save_checkpoint(state, str(path))
    return str(path)


def read(folder):
    data = json.loads((folder / 'confusions.json').read_text())
    schemas = Path(mmproto.__file__).parent / 'schemas'
    schema = json.loads((schemas / 'confusions.schema.json').read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(data)
    return data, schema


@pytest.mark.smoke
def test_files_and_their_numbers(files, run, tmp_path):
    out = tmp_path / 'new' / 'one'
    root = Config.fromfile(files[0]).val_dataloader.dataset.data_root
    options = ('--top', 2, '--device', 'cpu', '--data-root', root)
    lines = run(TOOL, *files, '--out', out, *options)
    names = [
        *('confusions.json', 'confusions.csv', 'confusions.md'),
        *(f'confusion_{number:02d}.png' for number in (1, 2)),
    ]
    assert lines[-5:] == [str(out / name) for name in names]
    assert sorted(p.name for p in out.iterdir()) == sorted(names)

    data, schema = read(out)
    assert (data['config'], data['checkpoint']) == files
    digest = hashlib.sha256(Path(files[1]).read_bytes()).hexdigest()
    assert data['sha256'] == digest
    matrix = np.array(data['confusion_matrix'])
    assert data['labelled_pixels'] == matrix.sum() == 3 * (64 * 96 - 1)
    assert data['wrong_pixels'] == matrix.sum() - matrix.trace() > 0
    rows = data['confusions']
    sizes = [row['pixels'] for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == data['wrong_pixels']
    assert sum(row['share'] for row in rows) == pytest.approx(1)
    for concept in data['concepts']:
        own = [r for r in rows if r['concept'] == concept['concept']]
        assert concept['led'] == sum(r['pixels'] for r in own)
        assert concept['mended'] == sum(r['pair_mended'] for r in own)
    for row in rows:
        pair = row['truth']['class'], row['predicted']['class']
        assert row['pair_pixels'] == matrix[pair]

    with open(out / 'confusions.csv', newline='') as file:
        listed = list(csv.DictReader(file))
    assert [int(row['pixels']) for row in listed] == sizes
    text = (out / 'confusions.md').read_text()
    assert text.count('\n## ') == 2 + 1 and r'a\|b \*c\* \$x\$ &lt;i>' in text
    assert data['notes'] == []  # patches are there
    assert all(cv2.imread(str(out / name)) is not None for name in names[3:])

    # the same again, to the byte
    other = tmp_path / 'new' / 'two'
    run(TOOL, *files, '--out', other, *options)
    for name in names:
        assert (out / name).read_bytes() == (other / name).read_bytes()
    del data['concepts'][0]['led']
    with pytest.raises(jsonschema.ValidationError, match="'led'"):
        jsonschema.Draft202012Validator(schema).validate(data)


def test_without_a_record_and_without_evidence(
    trained, tiny_model, run, tmp_path
):
    torch.nn.init.constant_(tiny_model.decode_head.conv_seg.weight, -1.0)
    checkpoint = save(tiny_model, tmp_path)
    run(TOOL, trained[0], checkpoint, '--out', tmp_path / 'out')
    data, _ = read(tmp_path / 'out')
    assert data['concepts'] == []
    assert {row['concept'] for row in data['confusions']} == {None}
    notes = ' '.join(data['notes'])
    assert 'no concept leads' in notes and 'mmproto project' in notes
    text = (tmp_path / 'out' / 'confusions.md').read_text()
    assert 'led by no concept' in text and 'edit_concepts' not in text


def test_a_model_without_errors_and_data_without_classes(
    trained, run, tmp_path, tiny_model, tiny_config
):
    config = tmp_path / 'void.py'
    masks = tmp_path / 'data' / 'masks'
    masks.mkdir(parents=True)
    images = Path(tiny_config.val_dataloader.dataset.data_root)
    images = images / 'leftImg8bit' / 'val' / 'town'
    data = tiny_config.val_dataloader.dataset
    data.data_root = ''
    data.data_prefix = dict(img_path=str(images), seg_map_path=str(masks))
    for value, sentence in ((255, 'so nothing can be wrong'), (0, 'none of')):
        for image in images.iterdir():
            name = image.name.replace('leftImg8bit', 'gtFine_labelTrainIds')
            mask = np.full((64, 96), value, np.uint8)
            cv2.imwrite(str(masks / name), mask)
        tiny_config.dump(config)
        torch.nn.init.constant_(tiny_model.decode_head.conv_seg.weight, -1)
        checkpoint = save(tiny_model, tmp_path)
        lines = run(TOOL, config, checkpoint, '--out', tmp_path / 'out')
        assert lines[-4].startswith('0 of ') and len(lines[-3:]) == 3
        data, _ = read(tmp_path / 'out')
        assert data['confusions'] == [] and data['wrong_pixels'] == 0
        assert sentence in (tmp_path / 'out' / 'confusions.md').read_text()


def test_signed_weights_are_mentioned(trained, run, tmp_path, tiny_model):
    config = Config.fromfile(trained[0])
    config.model.decode_head.update(
        prototype_layer=dict(type='mmproto.DistancePrototypes'),
        classifier=dict(type='mmproto.ClassSpecificConv2d'),
        link='softmax',
    )
    config.dump(tmp_path / 'signed.py')
    del tiny_model.decode_head.prototype_layer.log_temperature
    tiny_model.decode_head.prototype_layer.register_buffer(
        'kept', torch.ones(16, dtype=torch.bool)
    )
    with torch.no_grad():
        tiny_model.decode_head.conv_seg.weight.uniform_(-1, 1)
    checkpoint = save(tiny_model, tmp_path)
    out = tmp_path / 'out'
    run(TOOL, tmp_path / 'signed.py', checkpoint, '--out', out, '--top', 1)
    data, _ = read(out)
    assert 'weights below zero' in data['notes'][0]
    weights = [w['weight'] for c in data['concepts'] for w in
               c['class_weights']]  # fmt: skip
    assert min(weights) < 0 and len(weights) == 32


def test_moved_training_images_are_noted(files, run, tmp_path):
    out = tmp_path / 'out'
    run(TOOL, *files, '--out', out, '--top', 1)
    assert '--data-root' in read(out)[0]['notes'][0]


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (['--top', '0'], '--top must be at least 1, got 0'),
        (['--out', 'config.py'], 'cannot be written'),
        (['--split', 'test'], 'no test_dataloader'),
    ],
)
def test_impossible_requests(
    trained, run, tmp_path, monkeypatch, changes, message
):
    monkeypatch.chdir(tmp_path)
    config = Config.fromfile(trained[0])
    config.pop('test_dataloader')
    config.dump('config.py')
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        run(TOOL, 'config.py', trained[1], *changes)


def test_missing_files_and_models_without_concepts(
    trained, run, tmp_path, monkeypatch, tiny_config
):
    monkeypatch.chdir(tmp_path)
    config, checkpoint = trained
    with pytest.raises(SystemExit, match=r'^error: .*lost\.py'):
        run(TOOL, 'lost.py', checkpoint)
    with pytest.raises(SystemExit, match=r'^error: .*lost\.pth'):
        run(TOOL, config, 'lost.pth')
    tiny_config.model.pop('neck')
    tiny_config.model.decode_head = dict(
        type='FCNHead',
        in_channels=128,
        in_index=3,
        channels=16,
        num_classes=4,
        norm_cfg=tiny_config.norm_cfg,
    )
    tiny_config.dump('black_box.py')
    with pytest.raises(SystemExit, match=r'^error: .*PrototypeHead'):
        run(TOOL, 'black_box.py', checkpoint)
    assert not Path('work_dirs').exists()
