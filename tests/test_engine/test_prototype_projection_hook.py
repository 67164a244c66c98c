"""The last checkpoint and the last validation see projected prototypes."""

import json
import logging
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmproto.engine.hooks import PrototypeProjectionHook
from mmproto.prototypes.projection import mean_similarity, project_prototypes
from mmproto.registry import HOOKS


@HOOKS.register_module()
class PrototypesAtValidation(Hook):
    """Keeps the prototypes that each validation sees."""

    def __init__(self):
        self.seen = []

    def before_val(self, runner):
        vectors = runner.model.decode_head.prototype_layer.vectors
        self.seen.append(vectors.detach().clone())


@pytest.fixture
def train(tiny_config, tmp_path, monkeypatch):
    """Trains the tiny model with a projection hook."""
    # calls compilers to say which versions there are
    monkeypatch.setattr(Runner, '_log_env', lambda *_: None)

    def run(resume=None, phases=None, **hook):
        cfg = tiny_config.copy()
        hook = dict(type='mmproto.PrototypeProjectionHook', topk=2, **hook)
        cfg.custom_hooks = [hook, dict(type='mmproto.PrototypesAtValidation')]
        if phases:
            phases = dict(type='mmproto.TrainingPhaseHook', phases=phases)
            cfg.custom_hooks.append(phases)
        cfg.experiment_name = f'run_{len(list(tmp_path.iterdir()))}'
        cfg.update(resume=resume is not None, load_from=resume)
        runner = Runner.from_cfg(cfg)
        runner.train()
        return runner

    return run


def hook_of(runner, kind):
    return next(hook for hook in runner.hooks if isinstance(hook, kind))


def load(runner, iteration):
    path = Path(runner.work_dir) / f'iter_{iteration}.pth'
    return torch.load(path, weights_only=False)


def record_in(checkpoint):
    return checkpoint['meta']['dataset_meta'].get('projection')


def test_projects_at_the_end(train):
    runner = train()
    assert record_in(load(runner, 2)) is None
    last = load(runner, 4)
    record = record_in(last)
    file = Path(runner.work_dir) / 'projection.json'
    assert json.loads(file.read_text()) == record
    vectors = last['state_dict']['decode_head.prototype_layer.vectors']
    (seen,) = hook_of(runner, PrototypesAtValidation).seen
    assert torch.equal(seen, vectors)
    assert last['meta']['dataset_meta']['classes'][0] == 'road'
    assert 'projection' not in runner.train_dataloader.dataset.metainfo
    assert mean_similarity(record) < 0.999
    loader = hook_of(runner, PrototypeProjectionHook)._loader(runner)
    again = project_prototypes(runner.model, loader, 1)
    assert mean_similarity(again) == pytest.approx(1, abs=1e-6)


def test_projects_at_intervals_and_survives_a_resume(train, monkeypatch):
    runner = train(interval=2, end=False)
    middle = load(runner, 2)
    assert (
        record_in(middle)['prototypes']
        != (record_in(load(runner, 4))['prototypes'])
    )
    warnings = []
    monkeypatch.setattr(
        logging.Logger, 'warning', lambda self, text, *_: warnings.append(text)
    )
    path = Path(runner.work_dir) / 'iter_2.pth'
    resumed = train(resume=str(path), interval=3, end=False)
    hook = hook_of(resumed, PrototypeProjectionHook)
    assert resumed.iter == 4 and hook.record is not None
    assert not [text for text in warnings if 'metainfo' in text]
    # projected at iteration 3 of 4: not the record that was resumed
    assert record_in(load(resumed, 4)) == hook.record != record_in(middle)


def test_a_last_phase_of_the_classifier_keeps_the_record_true(train):
    phases = [
        dict(name='all', end=2),
        dict(name='classifier', train=['decode_head.conv_seg']),
    ]
    runner = train(phases=phases, before=2, end=False)
    before, after = load(runner, 2), load(runner, 4)
    assert record_in(before) is None
    weights = [
        saved['state_dict']['decode_head.conv_seg.weight']
        for saved in (before, after)
    ]
    assert not torch.equal(*weights)
    hook = hook_of(runner, PrototypeProjectionHook)
    again = project_prototypes(runner.model, hook._loader(runner), 2)
    assert mean_similarity(again) == pytest.approx(1, abs=1e-6)
    for old, new in zip(record_in(after)['prototypes'], again['prototypes']):
        assert old['patches'][0]['row'] == new['patches'][0]['row']
        assert old['patches'][0]['image'] == new['patches'][0]['image']


def test_resumed_record_is_saved_again(train):
    runner = train(interval=2, end=False)
    path = str(Path(runner.work_dir) / 'iter_2.pth')
    record = record_in(load(runner, 2))
    resumed = train(resume=path, end=False)
    assert record_in(load(resumed, 4)) == record


def test_mine_leaves_the_training_alone(train):
    mined = load(train(interval=1, mode='mine'), 4)
    plain = load(train(end=False), 4)
    assert record_in(plain) is None and record_in(mined)['mode'] == 'mine'
    for name, value in plain['state_dict'].items():
        assert torch.equal(value, mined['state_dict'][name]), name


def test_projects_every_epoch_and_once_at_the_end(
    train, tiny_config, monkeypatch
):
    calls = []
    project = PrototypeProjectionHook.project
    monkeypatch.setattr(
        PrototypeProjectionHook,
        'project',
        lambda self, runner: (
            calls.append(runner.iter) or project(self, runner)
        ),
    )
    tiny_config.train_dataloader.sampler = dict(type='DefaultSampler')
    tiny_config.train_cfg = dict(
        type='EpochBasedTrainLoop', max_epochs=2, val_interval=9
    )
    tiny_config.default_hooks.checkpoint.interval = -1
    tiny_config.param_scheduler = []
    train(interval=1, by_epoch=True)
    assert calls == [3, 5]  # after 3 iterations; within the sixth and last


@pytest.fixture
def said(monkeypatch):
    """What the hook logs."""
    texts = []
    monkeypatch.setattr(
        'mmproto.engine.hooks.prototype_projection_hook.print_log',
        lambda text, **_: texts.append(text),
    )
    return texts


@pytest.mark.parametrize('when', [dict(before=4), dict(interval=5)])
def test_a_projection_after_the_end_is_refused(train, when):
    with pytest.raises(ValueError, match='that ends at 4.*train longer'):
        train(**when, end=False)


@pytest.mark.parametrize('when', [dict(end=True), dict(before=3, end=False)])
def test_early_stop_says_that_nothing_was_projected(
    train, said, monkeypatch, when
):
    monkeypatch.setattr(
        PrototypesAtValidation,
        'after_train_iter',
        lambda self, runner, **_: setattr(
            runner.train_loop, 'stop_training', True
        ),
    )
    train(**when)
    assert 'ended at iteration 1 of 4' in said[0]


def test_moving_average_is_warned_about(train, said, tiny_config):
    tiny_config.default_hooks.ema = dict(type='EMAHook')
    train()
    assert 'moving average' in said[0]


def test_own_data_loader(train, tiny_config):
    runner = train(dataloader=tiny_config.val_dataloader)
    patches = hook_of(runner, PrototypeProjectionHook).record['prototypes'][0]
    assert all('/val/' in patch['image'] for patch in patches['patches'])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(interval=0), 'interval'),
        (dict(topk=0), 'topk'),
        (dict(mode='push'), 'push'),
    ],
)
def test_user_mistakes(arguments, message):
    with pytest.raises(ValueError, match=message):
        PrototypeProjectionHook(**arguments)


def test_layer_without_vectors_is_refused_at_the_start(train, tiny_config):
    head = tiny_config.model.decode_head
    head.prototype_layer.type = 'mmproto.SoftmaxConcepts'
    head.update(num_concepts=16, prototypes_per_concept=1)
    with pytest.raises(ValueError, match="mode='mine'"):
        train()
