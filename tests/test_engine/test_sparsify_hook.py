import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmproto.engine.hooks.sparsify_hook import SparsifyHook
from mmproto.engine.weight_pruning import (
    gradual_share,
    keep_largest,
    proximal_step,
    zero_smallest,
)

FOLDER = Path(
    os.environ.get(
        'MMPROTO_GOLDEN',
        Path(__file__).parents[2].parent / 'shared' / 'golden',
    )
)
FILES = sorted(FOLDER.glob('pipnet_proximal_step_*.npz'))


@pytest.mark.skipif(not FILES, reason=f'no golden numbers in {FOLDER}')
@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_proximal_step_golden(file):
    golden = np.load(file)
    assert json.loads(str(golden['meta']))['name'] == 'pipnet_proximal_step'
    weight = torch.from_numpy(golden['in_weight'])
    for gradient in golden['out_weight_grads']:
        weight -= float(golden['in_lr']) * torch.from_numpy(gradient)
        proximal_step(weight, float(golden['in_threshold']))
    expected = torch.from_numpy(golden['out_weight'])
    torch.testing.assert_close(weight, expected, rtol=1e-9, atol=1e-11)
    assert torch.equal(weight == 0, expected == 0)
    bias = torch.from_numpy(golden['in_bias'])
    proximal_step(bias, 0.0)
    assert bias.tolist() == golden['out_bias'].tolist()


def test_proximal_step_minimises_its_objective():
    """Brute force over a grid: penalty plus squared distance, w >= 0."""
    grid = torch.linspace(0, 3, 30001, dtype=torch.float64)
    for start in (-1.0, 0.0, 0.2, 0.4, 1.3, 2.0):
        weight = torch.tensor([start], dtype=torch.float64)
        objective = 0.4 * grid + 0.5 * (grid - weight) ** 2
        best = grid[objective.argmin()]
        proximal_step(weight, 0.4)
        assert weight.item() == pytest.approx(best.item(), abs=1e-4)


@pytest.mark.parametrize('share', [0.0, 0.3, 0.5, 0.8, 0.99])
def test_the_smallest_weights_go_but_one_a_class_stays(share):
    generator = torch.Generator().manual_seed(1)
    weight = torch.rand(4, 10, 1, 1, generator=generator)
    weight[0] *= 0.01  # a class of small weights
    weight[3, 4] = -1.0
    before = weight.clamp(min=0).flatten(1).tolist()
    kept = {(c, row.index(max(row))) for c, row in enumerate(before)}
    others = sorted(
        (value, c, k)
        for c, row in enumerate(before)
        for k, value in enumerate(row)
        if (c, k) not in kept
    )
    for _, c, k in others[: round(40 * share)]:
        before[c][k] = 0.0
    zero_smallest(weight, share)
    assert weight.flatten(1).tolist() == before


def test_each_class_keeps_its_largest_weights():
    generator = torch.Generator().manual_seed(1)
    weight = torch.rand(4, 10, 1, 1, generator=generator) - 0.2
    numbers = [1, 3, 10, 20]
    expected = [
        [
            value if value > 0 and value in sorted(row)[-number:] else 0.0
            for value in row
        ]
        for row, number in zip(weight.flatten(1).tolist(), numbers)
    ]
    keep_largest(weight, torch.tensor(numbers))
    assert weight.flatten(1).tolist() == expected


def test_zeros_grow_by_the_cubic_schedule():
    shares = [gradual_share(0.96, passed) for passed in (0, 0.25, 0.5, 1)]
    expected = [0.96 - 0.96 * part**3 for part in (1, 0.75, 0.5, 0)]
    assert shares == pytest.approx(expected)


def sparsify(**kwargs):
    return dict(type='mmproto.SparsifyHook', **kwargs)


def classifier(runner, outputs=None):
    return runner.model.decode_head.conv_seg.weight.detach().clone()


# No gradient step at all: a step of size lr along a gradient of zero.
STILL = {
    'optim_wrapper.optimizer': dict(
        _delete_=True, type='SGD', lr=0.5, momentum=0.0
    ),
    'model.decode_head.loss_decode.loss_weight': 1e-30,
    'param_scheduler': [
        dict(type='MultiStepLR', milestones=[2], gamma=0.1, by_epoch=False)
    ],
}


@pytest.mark.parametrize(
    ('hook', 'accumulate', 'steps'),
    [
        (sparsify(strength=0.04), 1, [0.02, 0.02, 0.002, 0.002]),
        (sparsify(strength=0.04, begin=1, end=3), 1, [0, 0.02, 0.002, 0]),
        # The optimizer steps in the third and, as the last, in the fourth.
        (sparsify(strength=0.04), 3, [0, 0, 0.002, 0.002]),
        (sparsify(strength=0.0), 1, [0, 0, 0, 0]),
    ],
)
def test_steps_follow_learning_rate_and_optimizer(
    build, hook, accumulate, steps
):
    runner = build(
        hook,
        look=classifier,
        **STILL,
        **{'optim_wrapper.accumulative_counts': accumulate},
    )
    weight = classifier(runner)
    runner.train()
    for step, seen in zip(steps, runner.recorder.seen):
        weight = (weight - step).clamp_min(0)
        torch.testing.assert_close(seen, weight, rtol=0, atol=1e-6)


def test_zeros_are_exact_and_logged(build):
    """All weights that start at 0.1 are gone after one step of 0.2."""
    runner = build(sparsify(strength=0.4), look=classifier, **STILL)
    runner.train()
    zeros = [(w == 0).float().mean().item() for w in runner.recorder.seen]
    log = runner.message_hub.get_scalar('train/classifier_zeros').data
    assert log[0].tolist() == pytest.approx(zeros)
    assert zeros[0] == 0.75
    assert not [k for k in runner.message_hub.log_scalars if 'loss_' in k][1:]


def test_the_target_is_reached_at_the_end(build):
    """Of 4 x 8 weights, whatever the learning rate."""
    hook = sparsify(target_zeros=0.85, begin=1, end=3)
    runner = build(hook, look=classifier, **STILL)
    runner.train()
    zeros = [int((w == 0).sum()) for w in runner.recorder.seen]
    wanted = [round(32 * gradual_share(0.85, part)) for part in (0.5, 1)]
    assert zeros == [0, *wanted, wanted[-1]]
    assert all((w.flatten(1) > 0).any(1).all() for w in runner.recorder.seen)


class LabelCounter(Hook):
    """Counts the labels of every batch, pixel by pixel."""

    def __init__(self):
        self.counts = [0, 0, 0, 0]

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        for sample in data_batch['data_samples']:
            for label in sample.gt_sem_seg.data.flatten().tolist():
                if label < 4:
                    self.counts[label] += 1


@pytest.mark.parametrize('power', [0.0, 1.0])
def test_classes_keep_shares_by_their_pixels(build, power):
    """Of 4 x 8 weights 16 stay."""
    hook = sparsify(target_zeros=0.5, class_power=power, end=2)
    runner = build(hook, look=classifier, **STILL)
    counter = LabelCounter()
    runner.register_hook(counter)
    runner.train()
    seen = runner.message_hub.get_info('class_pixels')
    assert seen == counter.counts
    kept = (runner.recorder.seen[-1].flatten(1) > 0).sum(dim=1).tolist()
    assert 0 < sum(kept) <= 16
    for number, pixels in zip(kept, seen):
        quota = 16 * max(pixels, 1) ** power
        quota /= sum(max(count, 1) ** power for count in seen)
        # at least one, at most all eight, rounded up or down
        assert number in {
            min(max(rounded, 1), 8) for rounded in (int(quota), int(quota) + 1)
        }


def test_the_target_is_held_against_momentum(build):
    """Something lifts all weights in every iteration, as momentum may."""

    def lift(runner, outputs):
        zeros = (classifier(runner) <= 0).float().mean().item()
        with torch.no_grad():
            runner.model.decode_head.conv_seg.weight += 0.05
        return zeros

    runner = build(sparsify(target_zeros=0.5, end=2), look=lift, **STILL)
    runner.train()
    assert runner.recorder.seen[1:] == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({}, 'either strength or target_zeros'),
        (dict(strength=1.0, target_zeros=0.5, end=3), 'either strength'),
        (dict(target_zeros=1.0, end=3), r'in \[0, 1\)'),
        (dict(target_zeros=0.9), 'needs an end'),
        (dict(strength=0.9, class_power=0.5), 'needs target_zeros'),
        (dict(target_zeros=0.9, class_power=-1, end=3), 'at least 0'),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        SparsifyHook(**options)


def test_frozen_classifier_is_left_alone(build):
    phases = dict(
        type='mmproto.TrainingPhaseHook',
        phases=[dict(name='a', freeze=['decode_head.conv_seg'])],
    )
    runner = build(phases, sparsify(strength=1.0), look=classifier)
    before = classifier(runner)
    runner.train()
    assert all(torch.equal(seen, before) for seen in runner.recorder.seen)


def test_averaged_weights_see_the_zeros(build):
    """The average of weights from before the step would have no zeros."""
    ema = dict(type='EMAHook', momentum=0.5)
    runner = build(ema, sparsify(strength=0.4), **STILL)
    runner.train()
    (hook,) = (h for h in runner.hooks if type(h).__name__ == 'EMAHook')
    averaged = hook.ema_model.module.decode_head.conv_seg.weight
    assert (averaged == 0).float().mean() == 0.75


def test_validation_and_test_change_no_weight(build):
    runner = build(sparsify(strength=10.0), val=True)
    runner._load_from = None
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}
    runner.val()
    runner.test()
    after = runner.model.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


def test_mistakes(build):
    with pytest.raises(ValueError, match='strength'):
        build(sparsify(strength=-1.0))
    with pytest.raises(ValueError, match='begin=3, end=3'):
        build(sparsify(strength=1.0, begin=3, end=3))
    with pytest.raises(ValueError, match='epoch-based'):
        build(sparsify(strength=1.0, by_epoch=True)).train()
    runner = build(sparsify(strength=1.0))
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    group = runner.optim_wrapper.optimizer.param_groups[0]
    weight = runner.model.decode_head.conv_seg.weight
    group['params'] = [p for p in group['params'] if p is not weight]
    with pytest.raises(ValueError, match='no optimizer holds'):
        runner.train()
    signed = {
        'model.decode_head.classifier.type': 'mmproto.ClassSpecificConv2d',
        'model.decode_head.link': 'softmax',
        'model.decode_head.num_concepts': 8,
    }
    with pytest.raises(ValueError, match='ClassSpecificConv2d has negative'):
        build(sparsify(strength=1.0), **signed).train()
