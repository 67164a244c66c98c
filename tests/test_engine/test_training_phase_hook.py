import pytest
import torch
from mmengine.logging import MessageHub

TRAINED = {'head': {'decode_head'}, 'all': {'backbone', 'neck', 'decode_head'}}


def phases(*entries, **kwargs):
    return dict(type='mmproto.TrainingPhaseHook', phases=entries, **kwargs)


HEAD_FIRST = phases(
    dict(name='head', end=2, train=['decode_head']), dict(name='all')
)
HEAD_LAST = phases(
    dict(name='all', end=2), dict(name='head', train=['decode_head'])
)


def weights(runner, outputs=None):
    return {k: v.clone() for k, v in runner.model.state_dict().items()}


def parts_changed(before, after):
    """First parts of the names whose values differ between two states."""
    return {
        k.split('.')[0] for k in before if not torch.equal(before[k], after[k])
    }


@pytest.mark.parametrize('accumulate', [1, 3])
@pytest.mark.parametrize('hook', [HEAD_FIRST, HEAD_LAST])
def test_only_the_phase_trains(build, hook, accumulate):
    """Frozen state is bit-identical although momentum, weight decay, running
    statistics and half-accumulated gradients of an earlier phase exist."""
    names = []

    def look(runner, outputs):
        names.append(runner.message_hub.get_info('phase'))
        return weights(runner)

    runner = build(
        hook,
        look=look,
        **{
            'optim_wrapper.accumulative_counts': accumulate,
            'optim_wrapper.optimizer.weight_decay': 0.1,
            'train_cfg.max_iters': 6,
        },
    )
    runner.train()
    order = [phase['name'] for phase in hook['phases']]
    assert names == order[:1] * 2 + order[1:] * 4
    seen = runner.recorder.seen
    for name, before, after in zip(names[1:], seen, seen[1:]):
        assert parts_changed(before, after) <= TRAINED[name]
    late = parts_changed(seen[1], seen[-1])
    assert late == TRAINED[order[1]]


def test_accumulated_gradients_of_frozen_parameters_are_dropped(build):
    hook = HEAD_LAST
    runner = build(
        hook,
        look=weights,
        **{
            'optim_wrapper.accumulative_counts': 4,
            'optim_wrapper.optimizer.momentum': 0,
        },
    )
    runner.train()
    first, *_, last = runner.recorder.seen
    names = [n for n, _ in runner.model.named_parameters()]
    frozen = [n for n in names if not n.startswith('decode_head')]
    assert all(torch.equal(first[n], last[n]) for n in frozen)


def test_frozen_norms_are_held_and_released(build):
    def look(runner, outputs):
        model = runner.model
        return model.backbone.layer1[
            0
        ].norm1.training, model.decode_head.training

    runner = build(HEAD_FIRST, look=look)
    runner.train()
    assert runner.recorder.seen == [(False, True)] * 2 + [(True, True)] * 2


def test_frozen_norms_are_released_within_an_epoch(build):
    """Where the loop itself does not call model.train() at the switch."""
    runner = build(
        phases(
            dict(name='head', end=1, train=['decode_head']), dict(name='all')
        ),
        look=lambda runner, outputs: (
            runner.model.backbone.training
            and runner.model.backbone.layer1[0].norm1.training
        ),
        train_cfg=dict(
            _delete_=True, type='EpochBasedTrainLoop', max_epochs=1
        ),
        train_dataloader=dict(sampler=dict(type='DefaultSampler')),
    )
    runner.train()
    assert runner.recorder.seen == [False, True, True]


def test_norm_eval_of_the_model_survives_a_phase(build):
    def look(runner, outputs):
        return runner.model.backbone.layer1[0].norm1.training

    runner = build(HEAD_FIRST, look=look, **{'model.backbone.norm_eval': True})
    runner.train()
    assert runner.recorder.seen == [False] * 4


def test_what_the_model_froze_never_trains(build):
    def look(runner, outputs):
        return runner.model.backbone.layer1[0].conv1.weight.requires_grad

    runner = build(
        HEAD_FIRST, look=look, **{'model.backbone.frozen_stages': 1}
    )
    runner.train()
    assert runner.recorder.seen == [False] * 4


def test_losses_of_the_phase(build):
    hook = phases(
        dict(
            name='sparse',
            end=1,
            train=['decode_head.conv_seg'],
            losses=['loss_sparsity'],
        ),
        dict(name='both', end=2),
        dict(name='classify', losses=['loss_ce']),
    )
    runner = build(
        hook,
        look=lambda runner, outputs: {k for k in outputs if '.loss' in k},
        **{
            'model.decode_head.concept_losses': [
                dict(type='mmproto.SparsityLoss', loss_weight=0.1)
            ]
        },
    )
    runner.train()
    ce, sparsity = {'decode.loss_ce'}, {'decode.loss_sparsity'}
    assert runner.recorder.seen == [sparsity, ce | sparsity, ce, ce]


def test_phases_by_epoch(build):
    runner = build(
        phases(
            dict(name='head', end=1, train=['decode_head']),
            dict(name='all'),
            by_epoch=True,
        ),
        look=lambda runner, outputs: (
            runner.epoch,
            MessageHub.get_current_instance().get_info('phase'),
            runner.model.backbone.layer1[0].norm1.training,
        ),
        train_cfg=dict(
            _delete_=True, type='EpochBasedTrainLoop', max_epochs=2
        ),
        train_dataloader=dict(
            sampler=dict(type='DefaultSampler', shuffle=True)
        ),
    )
    runner.train()
    first, second = (0, 'head', False), (1, 'all', True)
    assert runner.recorder.seen == [first] * 3 + [second] * 3


def test_training_twice_thaws_again(build):
    """The second run of a runner knows what the model allows to train."""
    runner = build(HEAD_LAST)
    runner.train()
    assert not runner.model.neck.conv.weight.requires_grad
    runner.train_loop._iter = 0
    runner.call_hook('before_train')
    assert runner.model.neck.conv.weight.requires_grad


@pytest.mark.parametrize(
    ('hook', 'text'),
    [
        (phases(dict(name='a', train=['head'])), 'begin with .*decode_head'),
        (phases(dict(name='a', freeze=['.*'])), 'trains no parameter'),
        (
            phases(dict(name='a', losses=['loss_cs'])),
            r"of loss_ce, loss_alignment.*\['loss_cs'\]",
        ),
        (phases(dict(name='a', losses=[])), 'at least one of'),
        (
            phases(
                dict(name='a', end=2),
                dict(name='b', losses=['loss_alignment']),
            ),
            "'b': the classifier .*loss_ce.*freeze 'decode_head.conv_seg'",
        ),
        (phases(dict(name='a'), by_epoch=True), 'epoch-based'),
    ],
)
def test_mistakes_are_found_before_training(build, hook, text):
    runner = build(
        hook,
        **{
            'model.decode_head.concept_losses': [
                dict(type='mmproto.AlignmentLoss', loss_weight=1.0)
            ]
        },
    )
    with pytest.raises(ValueError, match=text):
        runner.train()


@pytest.mark.parametrize('end', [4, 5, 0.9])
def test_a_phase_that_is_never_reached_is_refused(build, end):
    runner = build(phases(dict(name='a', end=end), dict(name='never')))
    with pytest.raises(ValueError, match=f'a.end={end}.*that ends at 4'):
        runner.train()
    assert runner.iter == 0
