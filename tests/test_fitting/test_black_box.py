"""Any trained segmentor of mmseg is built, and its weights are found."""

import os
import pathlib

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.utils import digit_version
from mmseg.datasets import CityscapesDataset
from mmseg.registry import MODELS

from mmproto.fitting import black_box
from mmproto.fitting.black_box import load_black_box, read_black_box_config
from mmproto.fitting.checkpoint_file import read_checkpoint
from mmproto.utils.environment import config_path

NAMES = ['wall', 'road', 'car', 'sign']
COLOURS = [(1, 2, 3), (4, 5, 6), (7, 8, 9), (10, 11, 12)]
HEAD = dict(
    type='FCNHead',
    in_channels=64,
    channels=8,
    num_classes=4,
    norm_cfg=dict(type='BN'),
)
BACKBONE = dict(
    type='ResNetV1c',
    depth=18,
    base_channels=8,
    stem_channels=8,
    norm_cfg=dict(type='BN'),
)
CASCADE = [
    dict(HEAD, num_convs=1),
    dict(HEAD, type='OCRHead', ocr_channels=8),
]
newer_torch = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6'),
    reason='this torch allows no stand-ins',
)


def make_config(**model):
    model = (
        dict(
            type='EncoderDecoder',
            data_preprocessor=dict(type='SegDataPreProcessor'),
            # what only a training needs, and nobody may download
            pretrained='https://nowhere.invalid/weights.pth',
            backbone=BACKBONE,
            decode_head=HEAD,
            auxiliary_head=dict(HEAD, in_channels=32, in_index=2),
            test_cfg=dict(mode='whole'),
        )
        | model
    )
    return Config(dict(model=model))


def trained_model(cfg):
    """The model of a config as it may be after training."""
    init_default_scope('mmseg')
    torch.manual_seed(3)
    model = MODELS.build(cfg.model)
    for name, value in model.state_dict().items():
        if name.endswith(('running_mean', 'running_var', 'bias')):
            value.uniform_(0.5, 1.5)
    return model.eval()


def logits(model):
    torch.manual_seed(4)
    image = torch.randn(1, 3, 32, 48)
    with torch.no_grad():
        return model.encode_decode(image, [dict(img_shape=(32, 48))])


@pytest.fixture(scope='module')
def trained():
    """Config, model and weights of a small FCN."""
    cfg = make_config()
    model = trained_model(cfg)
    return cfg, model, model.state_dict()


@pytest.fixture
def saved(tmp_path):
    """Saves a checkpoint and returns its path."""

    def save(content, **options):
        torch.save(content, tmp_path / 'model.pth', **options)
        return tmp_path / 'model.pth'

    return save


def ends(call, *arguments):
    """The one sentence in which a call ends."""
    with pytest.raises((ValueError, FileNotFoundError)) as end:
        call(*arguments)
    sentence = str(end.value)
    assert '\n' not in sentence and len(sentence) < 400, sentence
    return sentence


def of_mmengine(weights):
    history = HistoryBuffer([0.5, 0.25], [1, 1])
    hub = dict(log_scalars=dict(loss=history), best=np.float64(0.5))
    meta = dict(dataset_meta=dict(classes=NAMES, palette=COLOURS), iter=7)
    optimizer = dict(state={0: dict(step=torch.tensor(7.0))})
    return dict(
        meta=meta, state_dict=weights, message_hub=hub, optimizer=optimizer
    )


def of_mmseg_0(weights):
    meta = dict(mmseg_version='0.30.0', CLASSES=NAMES, PALETTE=COLOURS)
    return dict(meta=meta, state_dict=weights)


def of_ema(weights):
    others = {f'module.{k}': torch.zeros_like(v) for k, v in weights.items()}
    return of_mmengine(weights) | dict(ema_state_dict=others)


def of_data_parallel(weights):
    return dict(state_dict={f'module.{k}': v for k, v in weights.items()})


@newer_torch
@pytest.mark.smoke
@pytest.mark.parametrize('zipped', [True, False])
@pytest.mark.parametrize(
    'of', [of_mmengine, of_mmseg_0, of_ema, of_data_parallel, dict]
)
def test_every_format_gives_the_trained_model(trained, saved, of, zipped):
    cfg, model, weights = trained
    path = saved(of(weights), _use_new_zipfile_serialization=zipped)
    box, meta = load_black_box(cfg, path)
    assert torch.equal(logits(box), logits(model))
    assert not any(module.training for module in box.modules())
    named = of not in (of_data_parallel, dict)
    numbers = [f'class {index}' for index in range(4)]
    assert meta['classes'] == (NAMES if named else numbers)
    assert (meta['palette'] == COLOURS) == named
    assert box.dataset_meta == meta


@pytest.mark.smoke
def test_weights_that_a_run_with_averages_tested(tiny_config):
    """mmengine keeps what it tested, the averages, as `state_dict`."""
    cfg = tiny_config
    preprocessor = cfg.model.data_preprocessor
    cfg.model = make_config(
        pretrained=None, data_preprocessor=preprocessor
    ).model
    cfg.custom_hooks = [dict(type='EMAHook', momentum=0.3)]
    runner = Runner.from_cfg(cfg)
    runner.train()
    (hook,) = [h for h in runner.hooks if type(h).__name__ == 'EMAHook']
    tested = hook.ema_model.module.eval()
    box, meta = load_black_box(cfg, f'{cfg.work_dir}/iter_4.pth')
    assert torch.equal(logits(box), logits(tested))
    assert not torch.equal(logits(box), logits(runner.model.eval()))
    assert meta['classes'] == ['road', 'wall', 'car', 'sign']


@pytest.mark.smoke
def test_a_cascade(saved):
    cfg = make_config(
        type='CascadeEncoderDecoder', num_stages=2, decode_head=CASCADE
    )
    model = trained_model(cfg)
    box, _ = load_black_box(cfg, saved(model.state_dict()))
    assert torch.equal(logits(box), logits(model))


@pytest.mark.smoke
def test_a_model_of_the_zoo(saved):
    path = config_path(
        'mmseg::fastscnn/fast_scnn_8xb4-160k_cityscapes-512x1024.py'
    )
    cfg = read_black_box_config(path)
    model = trained_model(cfg)
    known = CityscapesDataset.METAINFO
    content = of_mmseg_0(model.state_dict())
    content['meta'].update(CLASSES=known['classes'], PALETTE=known['palette'])
    box, meta = load_black_box(cfg, saved(content))
    assert torch.equal(logits(box), logits(model))
    assert meta['classes'] == list(known['classes'])
    assert meta['palette'] == [tuple(colour) for colour in known['palette']]


def test_weights_of_auxiliary_heads_do_not_matter(trained, saved):
    cfg, model, weights = trained
    kept = {k: v for k, v in weights.items() if 'auxiliary' not in k}
    assert len(kept) < len(weights)
    box, _ = load_black_box(cfg, saved(kept))
    assert torch.equal(logits(box), logits(model))
    other = make_config(auxiliary_head=dict(HEAD, in_channels=16, in_index=1))
    box, _ = load_black_box(other, saved(weights))
    assert torch.equal(logits(box), logits(model))


def test_names_from_the_data_set_of_the_config(saved, tmp_path):
    """Its images may be elsewhere, and it may be wrapped."""
    known = CityscapesDataset.METAINFO
    data = dict(
        type='CityscapesDataset', data_root='gone', metainfo=dict(classes=[])
    )
    data['metainfo']['classes'] = [known['classes'][c] for c in (13, 0, 1, 2)]
    cfg = make_config()
    wrapped = dict(type='RepeatDataset', dataset=data, times=2)
    cfg.train_dataloader = dict(batch_size=1, dataset=wrapped)
    path = saved(trained_model(cfg).state_dict())
    _, meta = load_black_box(cfg, path)
    assert meta['classes'] == data['metainfo']['classes']
    expected = [tuple(known['palette'][c]) for c in (13, 0, 1, 2)]
    assert meta['palette'] == expected
    cfg.train_dataloader.dataset = dict(type='CityscapesDataset')
    said = ends(load_black_box, cfg, path)
    assert 'the data set of the config names 19 classes' in said
    assert 'the model of the config has 4' in said


def test_the_checkpoint_must_name_as_many_classes(trained, saved):
    cfg, _, weights = trained
    content = of_mmseg_0(weights)
    content['meta']['CLASSES'] = NAMES[:3]
    said = ends(load_black_box, cfg, saved(content))
    assert 'model.pth names 3 classes, but the model of the config' in said


@newer_torch
def test_a_palette_that_is_not_read_is_replaced(trained, saved):
    cfg, _, weights = trained
    for palette in (np.array(COLOURS), [np.array(c) for c in COLOURS]):
        content = of_mmseg_0(weights)
        content['meta']['PALETTE'] = palette
        path = saved(content)
        _, meta = load_black_box(cfg, path)
        assert meta['classes'] == NAMES and len({*meta['palette']}) == 4
        _, meta = load_black_box(cfg, path, trusted=True)
        assert meta['palette'] == COLOURS


class Shell:
    """Pickles as a command of the shell."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class Wild:
    """Pickles as an array of Python objects at addresses of its choice."""

    def __reduce__(self):
        return np.ndarray, ((1,), 'O', bytes(8))


class Chain:
    """Pickles as a call of what a method gives, hidden in a history."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return HistoryBuffer.register_statistics, (Shell(self.command),)


@pytest.mark.smoke
@pytest.mark.parametrize('payload', [Shell, Chain])
@pytest.mark.parametrize('zipped', [True, False])
def test_code_in_a_file_does_not_run(
    trained, saved, tmp_path, payload, zipped
):
    cfg, _, weights = trained
    trace = tmp_path / 'trace'
    content = of_mmengine(weights)
    content['message_hub']['best'] = payload(f'echo ran > {trace}')
    path = saved(content, _use_new_zipfile_serialization=zipped)
    allowed = set(torch.serialization.get_safe_globals())
    said = ends(load_black_box, cfg, path)
    assert str(path) in said and '--trust-checkpoint' in said
    assert 'system' in said or 'getattr' in said
    assert not trace.exists()
    assert set(torch.serialization.get_safe_globals()) == allowed


@newer_torch
@pytest.mark.smoke
def test_arrays_of_a_file_are_not_made(trained, saved):
    cfg, model, weights = trained
    content = of_mmengine(weights)
    content['meta'].update(wild=Wild(), plain=np.ones(3), best=np.float32(1))
    path = saved(content)
    box, _ = load_black_box(cfg, path)
    assert torch.equal(logits(box), logits(model))
    meta = read_checkpoint(path)[1]
    assert [meta['wild'], meta['plain'], meta['best']] == [()] * 3
    assert meta['iter'] == 7


def test_a_trusted_file_is_read_in_full(trained, saved):
    cfg, model, weights = trained
    path = saved(dict(state_dict=weights, meta=dict(at=pathlib.Path('a'))))
    said = ends(load_black_box, cfg, path)
    assert 'model.pth holds pathlib.' in said
    box, _ = load_black_box(cfg, path, trusted=True)
    assert torch.equal(logits(box), logits(model))
    assert read_checkpoint(path, trusted=True)[1]['at'] == pathlib.Path('a')


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (b'', 'not a checkpoint of PyTorch (empty)'),
        (b'<html>not found</html>', "PyTorch (it begins with b'<html>no')"),
        (
            b'version https://git-lfs.github.com/spec/v1\noid sha256:00\n',
            'a pointer of git-lfs, not the checkpoint itself',
        ),
        (b'PK\x03\x04' + bytes(99), 'cannot be read as a checkpoint'),
        (b'\x80\x02', 'cannot be read as a checkpoint'),
    ],
)
def test_a_file_of_another_kind(trained, tmp_path, content, said):
    path = tmp_path / 'model.pth'
    path.write_bytes(content)
    sentence = ends(load_black_box, trained[0], path)
    assert said in sentence and str(path) in sentence


@pytest.mark.parametrize('zipped', [True, False])
def test_an_incomplete_download(trained, saved, zipped):
    cfg, _, weights = trained
    path = saved(weights, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for share in (0.05, 0.5, 0.95):
        path.write_bytes(whole[: int(share * len(whole))])
        for trusted in (False, True):
            said = ends(load_black_box, cfg, path, trusted)
            assert 'cannot be read as a checkpoint' in said


def test_no_file_or_a_folder(trained, tmp_path):
    path = tmp_path / 'lost.pth'
    assert 'no checkpoint at' in ends(load_black_box, trained[0], path)
    assert 'is a folder' in ends(load_black_box, trained[0], tmp_path)


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (dict(model=dict(a=torch.ones(1))), 'got the keys model'),
        (dict(state_dict=None, meta={}), 'got the keys state_dict, meta'),
        ({}, 'got the keys none'),
        ([torch.ones(1)], 'an object of class list, not weights'),
    ],
)
def test_a_file_without_weights(trained, saved, content, said):
    assert said in ends(load_black_box, trained[0], saved(content))


def test_a_whole_model_is_named_by_its_class(trained, saved):
    cfg, model, _ = trained
    path = saved(torch.nn.Flatten())
    said = ends(load_black_box, cfg, path)
    assert 'holds torch.nn.modules.flatten.Flatten, and to load' in said
    said = ends(load_black_box, cfg, path, True)
    assert 'an object of class Flatten, not weights: save its' in said


def test_missing_weights_are_counted_and_a_few_named(trained, saved):
    cfg, _, weights = trained
    gone = [k for k in weights if k.startswith('backbone.layer')]
    rest = {k: v for k, v in weights.items() if k not in gone}
    gone = [k for k in gone if not k.endswith('num_batches_tracked')]
    said = ends(load_black_box, cfg, saved(rest))
    needed = [k for k in weights if not k.startswith('auxiliary_head')]
    assert f'of {len(needed)} weights it lacks {len(gone)} (' in said
    assert f'({", ".join(gone[:3])}, and {len(gone) - 3} more)' in said
    assert 'too many' not in said
    renamed = {k.replace('decode_head', 'head'): v for k, v in weights.items()}
    said = ends(load_black_box, cfg, saved(renamed))
    assert 'lacks' in said and 'too many' in said


def test_weights_of_other_shapes(trained, saved):
    _, _, weights = trained
    cfg = make_config(decode_head=dict(HEAD, num_classes=5))
    said = ends(load_black_box, cfg, saved(weights))
    assert '2 (decode_head.conv_seg.weight, decode_head.conv_seg.bias)' in said
    assert 'number of classes' in said


def test_weights_too_many_are_mentioned(trained, saved, monkeypatch):
    cfg, model, weights = trained
    lines = []
    monkeypatch.setattr(
        black_box, 'print_log', lambda text, **how: lines.append(text)
    )
    extra = {f'backbone.layer3.9.w{n}': torch.ones(1) for n in range(5)}
    box, _ = load_black_box(cfg, saved(weights | extra))
    assert torch.equal(logits(box), logits(model))
    (line,) = lines
    assert 'has 5 (backbone.layer3.9.w0, ' in line and 'and 2 more' in line
    load_black_box(cfg, saved(weights))
    assert len(lines) == 1


@pytest.mark.smoke
@pytest.mark.parametrize(
    ('model', 'said'),
    [
        (dict(type='DepthEstimator'), 'of type DepthEstimator, which cannot'),
        (dict(type='SegTTAModel'), 'of type SegTTAModel, which cannot be ex'),
        (dict(type='Unheard'), 'of type Unheard, which cannot be explained'),
        (dict(type=None), 'of type None, which cannot be explained'),
        (
            dict(neck=dict(type='mmdet.FPN')),
            'needs the package mmdet, which is not installed: run `pip inst',
        ),
        (dict(decode_head=dict(HEAD, colour=1)), 'cannot be built here: '),
        (
            dict(
                decode_head=dict(
                    type='mmproto.PrototypeHead',
                    in_channels=64,
                    channels=8,
                    num_classes=4,
                    num_concepts=4,
                )
            ),
            'is a model of mmproto already, which explains itself',
        ),
    ],
)
def test_a_model_that_cannot_be_explained(tmp_path, model, said):
    assert said in ends(load_black_box, make_config(**model), tmp_path)


def test_a_config_without_a_model(tmp_path):
    said = ends(load_black_box, Config(dict(data=1)), tmp_path)
    assert said == 'the config has no model'


def test_the_class_itself_as_type(trained, saved):
    """As in configs that import what they name."""
    _, model, weights = trained
    cfg = make_config(type=type(model))
    box, _ = load_black_box(cfg, saved(weights))
    assert torch.equal(logits(box), logits(model))


@pytest.mark.smoke
def test_a_config_that_imports_what_is_not_installed(tmp_path):
    path = tmp_path / 'user.py'
    path.write_text(
        "custom_imports = dict(imports='mmpretrain.models', "
        'allow_failed_imports=False)\n'
    )
    said = ends(read_black_box_config, path)
    assert said == (
        f'{path} needs the package mmpretrain, which is not installed: run '
        '`pip install mmpretrain`'
    )
