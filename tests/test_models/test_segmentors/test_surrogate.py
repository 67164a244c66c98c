"""A concept model that has the model that it explains inside."""

import copy
import pickle

import pytest
import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.runner import Runner
from surrogates import black_box, build_surrogate, fcn, users_model

from mmproto.checkpoints.derived import load_strictly

KINDS = ['plain', 'cascade']
SLIDE = dict(mode='slide', crop_size=(40, 64), stride=(20, 32))


def batch(number=1):
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(number, 3, 64, 96, generator=generator)
    meta = dict(ori_shape=(64, 96), img_shape=(64, 96), pad_shape=(64, 96))
    return inputs, [dict(meta) for _ in range(number)]


def answer(model, number=1):
    inputs, metas = batch(number)
    with torch.no_grad():
        return model.inference(inputs, metas)


@pytest.mark.smoke
@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('test_cfg', [None, SLIDE])
def test_black_box_answers_as_the_users_model(tiny_config, kind, test_cfg):
    box = black_box(kind, test_cfg)
    surrogate = build_surrogate(tiny_config, box)
    expected = answer(users_model(tiny_config, box, surrogate))
    assert torch.equal(answer(surrogate.black_box), expected)
    assert expected.std() > 0
    assert not torch.equal(answer(surrogate), expected)


@pytest.mark.parametrize('kind', KINDS)
def test_weights_are_saved_once(tiny_config, tiny_model, kind):
    surrogate = build_surrogate(tiny_config, black_box(kind))
    names = set(surrogate.state_dict())
    added = names - set(tiny_model.state_dict())
    assert set(tiny_model.state_dict()) <= names
    assert added
    assert all(name.startswith('black_box.decode_head.') for name in added)
    bare = users_model(tiny_config, black_box(kind), surrogate)
    assert len(added) == len(bare.decode_head.state_dict())


def test_copies_have_a_backbone_of_their_own(tiny_config):
    surrogate = build_surrogate(tiny_config, black_box())
    before = answer(surrogate.black_box)
    for copied in (
        copy.deepcopy(surrogate),
        pickle.loads(pickle.dumps(surrogate)),
        revert_sync_batchnorm(copy.deepcopy(surrogate)),
    ):
        with torch.no_grad():
            for weight in copied.backbone.parameters():
                weight.mul_(2)
        assert not torch.equal(answer(copied.black_box), before)
        assert torch.equal(answer(surrogate.black_box), before)


def test_black_box_moves_with_the_model(tiny_config):
    surrogate = build_surrogate(tiny_config, black_box()).to(torch.float64)
    inputs, metas = batch()
    logits = surrogate.black_box.inference(inputs.double(), metas)
    assert logits.dtype == torch.float64


def test_black_box_normalises_as_the_concept_model(tiny_config):
    surrogate = build_surrogate(tiny_config, black_box())
    box = surrogate.black_box
    assert box.data_preprocessor is surrogate.data_preprocessor
    assert surrogate.data_preprocessor._enable_normalize


def test_black_box_never_trains(tiny_config):
    tiny_config.model.backbone.norm_eval = True
    surrogate = build_surrogate(tiny_config, black_box('cascade'))
    tiny_config.optim_wrapper.optimizer.weight_decay = 0.5
    tiny_config.load_from = None
    runner = Runner.from_cfg(tiny_config)
    model = runner.model
    model.load_state_dict(surrogate.state_dict())
    runner.train()
    before, after = surrogate.state_dict(), runner.model.state_dict()
    for name, value in before.items():
        if name.startswith('black_box.'):
            assert torch.equal(value, after[name]), name
    head = 'decode_head.prototype_layer.prototypes'
    changed = [n for n in before if not torch.equal(before[n], after[n])]
    assert any(name.startswith('decode_head.') for name in changed), head
    model.train()
    assert model.decode_head.training
    assert not any(part.training for part in model.black_box.modules())


def test_checkpoint_loads_strictly(tiny_config, tmp_path):
    surrogate = build_surrogate(tiny_config, black_box())
    path = tmp_path / 'model.pth'
    torch.save(
        dict(
            state_dict=surrogate.state_dict(),
            meta=dict(dataset_meta=surrogate.dataset_meta),
        ),
        path,
    )
    loaded, _ = load_strictly(tiny_config, path)
    assert torch.equal(answer(loaded.black_box), answer(surrogate.black_box))
    assert torch.equal(answer(loaded), answer(surrogate))
    state = surrogate.state_dict()
    del state['black_box.decode_head.conv_seg.weight']
    torch.save(dict(state_dict=state, meta={}), path)
    with pytest.raises(ValueError, match='black_box.decode_head.conv_seg'):
        load_strictly(tiny_config, path)


@pytest.mark.parametrize(
    'box, message',
    [
        (
            dict(black_box(), backbone=dict(type='ResNet')),
            'black_box has backbone; leave it out',
        ),
        (
            dict(black_box(), auxiliary_head=fcn()),
            'black_box has auxiliary_head; leave it out',
        ),
        (
            dict(black_box(), decode_head=fcn(num_classes=7)),
            'black_box has 7 classes, the concept model 4',
        ),
        (
            dict(type='FCNHead', in_channels=8, channels=8, num_classes=4),
            'expected an EncoderDecoder or a CascadeEncoderDecoder',
        ),
    ],
)
def test_black_box_that_cannot_be_is_refused(tiny_config, box, message):
    with pytest.raises(ValueError, match=message):
        build_surrogate(tiny_config, box)
