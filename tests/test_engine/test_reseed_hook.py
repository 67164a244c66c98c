"""Dead concepts of a real training are found and replaced."""

import pytest
import torch
import torch.nn.functional as F

from mmproto.engine.hooks import reseed_hook
from mmproto.engine.hooks.reseed_hook import PrototypeReseedHook

STILL = {
    'param_scheduler': [dict(type='ConstantLR', factor=1.0)],
    'optim_wrapper.optimizer': dict(
        _delete_=True, type='SGD', lr=0.0, momentum=0.9
    ),
    'train_dataloader.dataset.pipeline': [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='PackSegInputs'),
    ],
}
ALL = 1e9  # a threshold under which every concept is dead


def hook(**kwargs):
    return dict(type='mmproto.PrototypeReseedHook', **kwargs)


@pytest.fixture
def calls(monkeypatch):
    """Arguments of every call of ``reseed``, and what it returned."""
    seen = []
    original = reseed_hook.reseed

    def spy(head, *args):
        copies = [arg.clone() for arg in args]
        seen.append((*copies, original(head, *args)))
        return seen[-1][-1]

    monkeypatch.setattr(reseed_hook, 'reseed', spy)
    return seen


def silence(runner, quiet):
    """Concepts that the passes of each iteration do not show.

    Returns:
        Latents and activations of all forward passes of the training.
    """
    head = runner.model.decode_head
    original, passes = head.pool_concepts, []

    def pool(latents):
        pooled, maps = original(latents)
        if head.training:
            pooled = pooled.clone()
            pooled[:, quiet[runner.iter]] = 0.2
            passes.append((latents.detach(), pooled.detach()))
        return pooled, maps

    head.pool_concepts = pool
    return passes


def test_the_dead_of_the_last_batches_and_their_last_batch(build, calls):
    batches = []
    runner = build(
        hook(interval=2, begin=1, threshold=0.3),
        val=True,  # whose activations do not count
        **STILL,
        **{'train_cfg.max_iters': 5, 'train_cfg.val_interval': 1},
    )
    runner.recorder.after_train_iter = lambda runner, **given: batches.append(
        given['data_batch']
    )
    head = runner.model.decode_head
    weight = head.conv_seg.weight.detach().clone()
    quiet = [[5], [2, 4, 5], [2, 4, 6, 7], [0, 1, 3], [0, 3, 7]]
    passes = silence(runner, quiet)
    runner.train()
    assert len(passes) == 5  # no second forward pass
    _, latents, labels, wrong, done = calls[0]
    assert [call[0].tolist() for call in calls] == [[2, 4], [0, 3]]
    assert torch.equal(latents, passes[2][0])
    full = [s.gt_sem_seg.data.float() for s in batches[2]['data_samples']]
    small = F.interpolate(torch.stack(full), labels.shape[1:]).squeeze(1)
    assert torch.equal(labels, small.long())
    evidence = torch.einsum('ck,nkhw->nchw', weight[..., 0, 0], passes[2][1])
    assert torch.equal(wrong, evidence.argmax(1) != labels)
    logged = runner.message_hub.get_scalar('train/concepts_reseeded').data[0]
    assert logged.tolist() == [len(call[-1]) for call in calls]
    assert len(done)
    assert not head.conv_seg._forward_hooks
    assert not head.prototype_layer._forward_pre_hooks
    assert not runner.model.data_preprocessor._forward_hooks


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        (dict(interval=2), [1, 3, 5]),
        (dict(interval=2, begin=1, end=5), [2, 4]),
        (dict(interval=3, begin=1, end=6), [3]),
    ],
)
def test_looks_between_begin_and_end(build, monkeypatch, options, expected):
    seen = []
    monkeypatch.setattr(
        PrototypeReseedHook, '_look', lambda self, run: seen.append(run.iter)
    )
    build(hook(**options), **STILL, **{'train_cfg.max_iters': 6}).train()
    assert seen == expected


def test_moments_are_forgotten(build, calls):
    def moments(runner, outputs):
        head = runner.model.decode_head
        state = runner.optim_wrapper.optimizer.state
        momentum = state[head.conv_seg.weight]['momentum_buffer']
        return [bool(momentum[:, k].any()) for k in range(8)]

    runner = build(hook(interval=2, threshold=ALL), look=moments, **STILL)
    runner.train()
    done = calls[0][-1].tolist()
    assert done
    assert runner.recorder.seen[1] == [k not in done for k in range(8)]
    assert all(runner.recorder.seen[0])


def test_resumed_between_two_looks(build, calls):
    """What the first iterations kept alive stays alive."""
    options = {**STILL, 'default_hooks.checkpoint.interval': 2}
    options['optim_wrapper.optimizer'] = dict(
        _delete_=True, type='SGD', lr=0.01, momentum=0.9
    )
    quiet = [[], [2, 4], [2, 4, 5], [2, 5, 6]]
    reseeding = hook(interval=3, begin=1, threshold=0.3)
    whole = build(reseeding, **options)
    silence(whole, quiet)
    whole.train()
    last = f'{whole.work_dir}/iter_2.pth'
    resumed = build(reseeding, resume=True, load_from=last, **options)
    silence(resumed, quiet)
    resumed.train()
    assert len(calls) == 2
    assert calls[0][0].tolist() == [2]
    for first, second in zip(*calls):
        assert torch.equal(first, second)
    states = [run.model.state_dict() for run in (whole, resumed)]
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])


@pytest.mark.parametrize('frozen', ['prototype_layer', 'conv_seg'])
def test_nothing_happens_while_frozen(build, calls, frozen):
    phases = dict(
        type='mmproto.TrainingPhaseHook',
        phases=[dict(name='a', freeze=[f'decode_head.{frozen}'])],
    )
    build(phases, hook(interval=2, threshold=ALL), **STILL).train()
    assert not calls


def test_a_phase_that_needs_no_classifier_proves_nobody_dead(build, calls):
    phases = dict(
        type='mmproto.TrainingPhaseHook',
        phases=[dict(name='a', losses=['loss_presence'], train=['neck'])],
    )
    presence = [dict(type='mmproto.PresenceLoss')]
    build(
        phases,
        hook(interval=2, threshold=ALL),
        **STILL,
        **{'model.decode_head.concept_losses': presence},
    ).train()
    assert not calls


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(interval=0), 'interval=0'),
        (dict(interval=1, threshold=0.0), 'threshold .*0.0'),
        (dict(interval=1, begin=-1), 'begin=-1'),
        (dict(interval=1, begin=6, end=6), 'begin=6, end=6'),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        PrototypeReseedHook(**options)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(interval=5), 'interval=5.* ends at 4'),
        (dict(interval=3, begin=1, end=3), 'interval=3 .*begin=1 .*end=3'),
        (dict(interval=0.5, begin=0.75), 'interval=2 .*begin=3 .*end=4'),
        (dict(interval=1, begin=4), r'begin=4\) means 4, 4'),
    ],
)
def test_time_for_a_look_is_needed(build, options, message):
    with pytest.raises(ValueError, match=message):
        build(hook(**options), **STILL).train()


def test_concepts_without_vectors_are_refused(build):
    runner = build(
        hook(interval=1),
        **{
            'model.decode_head.prototype_layer': dict(
                _delete_=True, type='mmproto.SoftmaxConcepts'
            )
        },
    )
    with pytest.raises(ValueError, match='SoftmaxConcepts has no prototype'):
        runner.train()
