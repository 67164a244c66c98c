"""Shares of a run: what they mean, and runs that follow them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmproto.engine.shares import (
    check_moments,
    resolve,
    resolve_interval,
    resolve_moments,
    resolve_schedulers,
)

PHASES = dict(
    type='mmproto.TrainingPhaseHook',
    phases=[
        dict(name='first', end=0.5, train=['decode_head']),
        dict(name='second', end=0.75),
        dict(name='third', train=['decode_head']),
    ],
)
SCHEDULERS = [
    dict(type='LinearLR', start_factor=0.5, end=0.25, by_epoch=False),
    dict(
        type='MultiStepLR', milestones=[0.5, 0.75], gamma=0.5, by_epoch=False
    ),
]


def iterations(length, **more):
    """Settings of a run of so many iterations."""
    loop = dict(type='mmproto.ShareIterLoop', max_iters=length, **more)
    return dict(train_cfg=dict(_delete_=True, **loop))


def epochs(length):
    """Settings of a run of so many epochs of three iterations."""
    loop = dict(type='mmproto.ShareEpochLoop', max_epochs=length)
    return dict(
        train_cfg=dict(_delete_=True, **loop),
        train_dataloader=dict(
            sampler=dict(type='DefaultSampler', shuffle=True)
        ),
    )


def expected_rates(length):
    """What SCHEDULERS multiply the learning rate by, after each step."""
    part = length // 4
    warm_up = [0.5 + 0.5 * step / (part - 1) for step in range(part)]
    rates = [*warm_up, *[1.0] * part, *[0.5] * part, *[0.25] * part]
    return [*rates[1:], rates[-1]]


@given(
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.integers(1, 1000000),
)
def test_a_share_is_the_nearest_iteration_but_not_the_start(share, length):
    found = resolve(share, length)
    assert type(found) is int
    exact = Fraction(share) * length
    # the product is rounded in floating point before
    assert abs(found - exact) <= Fraction(1, 2) + Fraction(1, 10**9) or (
        found == 1 and exact < 1
    )
    assert 1 <= found <= length


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_an_integer_is_itself_and_none_is_the_end(moment, length):
    assert resolve(moment, length) == moment
    assert resolve(None, length) == length


@pytest.mark.parametrize(
    'wrong', [0.0, 1.0, 1.5, -0.5, -1, True, '3', float('nan')]
)
def test_neither_iteration_nor_share(wrong):
    with pytest.raises(ValueError, match='integer of at least 0 or a share'):
        check_moments('Hook', {'begin': wrong, 'end': None})


@pytest.mark.parametrize(
    ('begin', 'end', 'message'),
    [
        (5, 5, 'begin=5, end=5.*5 must come after 5'),
        (0.5, 0.4, '0.4 must come after 0.5'),
    ],
)
def test_order_that_is_wrong_at_any_length(begin, end, message):
    with pytest.raises(ValueError, match=message):
        check_moments('Hook', {'begin': begin, 'end': end})


@pytest.mark.parametrize(
    ('begin', 'end', 'length', 'found'),
    [
        (0.5, 60, 100, '50, 60'),
        (0, None, 1, '0, 1'),
        (0.5, None, 2, '1, 2'),
        (0.5, 40, 100, None),  # a share and an integer, the wrong way round
        (0.5, 120, 100, None),  # after the end
        (100, None, 100, None),
        (0.5, 0.6, 3, None),  # both in iteration 2
        (0.5, None, 1, None),
    ],
)
def test_moments_of_a_run(begin, end, length, found):
    moments = check_moments('Hook', {'begin': begin, 'end': end})
    if found is None:
        with pytest.raises(
            ValueError, match=f'Hook.* ends at {length}.*share'
        ):
            resolve_moments('Hook', moments, length)
    else:
        steps = resolve_moments('Hook', moments, length)
        assert ', '.join(map(str, steps.values())) == found


def test_intervals():
    assert [resolve_interval('Hook', n, 10) for n in (3, 10, 0.25)] == [
        3,
        10,
        2,
    ]
    with pytest.raises(ValueError, match='interval=11.*never due.*ends at 10'):
        resolve_interval('Hook', 11, 10)


def test_schedulers_of_several_optimizers():
    written = dict(
        a=[
            dict(type='LinearLR', start_factor=0.1, end=0.1, by_epoch=False),
            dict(type='MultiStepLR', milestones=[0.5, 70], by_epoch=False),
        ],
        b=dict(type='CosineAnnealingLR', T_max=0.5, begin=1, end=2.0),
    )
    assert resolve_schedulers(written, 100, 10) == dict(
        a=[
            dict(type='LinearLR', start_factor=0.1, end=10, by_epoch=False),
            dict(type='MultiStepLR', milestones=[50, 70], by_epoch=False),
        ],
        b=dict(type='CosineAnnealingLR', T_max=5, begin=1, end=20),
    )
    with pytest.raises(ValueError, match='by_epoch=False'):
        resolve_schedulers(written, 100, None)


def look(runner, outputs):
    rate = runner.optim_wrapper.get_lr()['lr'][0]
    return runner.message_hub.get_info('phase'), rate / 0.01


def check_run(runner, length, steps):
    """Compare phases of a length, and rates of so many steps."""
    names = ['first'] * (length // 2) + ['second'] * (length // 4)
    names += ['third'] * (length // 4)
    repeats = steps // length
    seen = runner.recorder.seen
    assert [name for name, _ in seen] == [
        name for name in names for _ in range(repeats)
    ]
    rates = [rate for _, rate in seen]
    assert rates == pytest.approx(expected_rates(steps))


@pytest.mark.parametrize('length', [8, 16])
def test_the_length_alone_stretches_phases_and_rates(build, length):
    runner = build(
        PHASES,
        look=look,
        param_scheduler=SCHEDULERS,
        **iterations(4),
        **{'train_cfg.max_iters': length},
    )
    runner.train()
    check_run(runner, length, length)


@pytest.mark.parametrize('length', [4, 8])
def test_epochs_follow_as_well(build, length):
    """Phases count epochs, schedulers iterations."""
    runner = build(
        dict(PHASES, by_epoch=True),
        look=look,
        param_scheduler=SCHEDULERS,
        **epochs(2),
        **{'train_cfg.max_epochs': length},
    )
    runner.train()
    check_run(runner, length, 3 * length)


@pytest.mark.parametrize(
    ('interval', 'expected'),
    [(0.5, [4, 8]), (0.25, [2, 4, 6, 8]), (None, [8])],
)
def test_validations_follow(build, interval, expected):
    runner = build(val=True, **iterations(8, val_interval=interval))
    seen = []
    runner.val_loop.run = lambda: seen.append(runner.iter)
    runner.train()
    assert seen == expected


@pytest.mark.parametrize('by_epoch', [False, True])
def test_resumed_in_the_middle(build, by_epoch):
    """The second half of a run is that of a run without a break."""
    hook = dict(PHASES, by_epoch=by_epoch)

    def run(**more):
        runner = build(
            hook,
            look=look,
            param_scheduler=SCHEDULERS,
            **(epochs(4) if by_epoch else iterations(8)),
            **{
                'default_hooks.checkpoint.interval': 1,
                'default_hooks.checkpoint.by_epoch': by_epoch,
            },
            **more,
        )
        runner.train()
        return runner

    whole = run()
    middle = 'epoch_2' if by_epoch else 'iter_4'
    path = f'{whole.work_dir}/{middle}.pth'
    resumed = run(resume=True, load_from=path)
    half = len(whole.recorder.seen) // 2
    assert resumed.recorder.seen == whole.recorder.seen[half:]


@pytest.mark.parametrize('length', [4, 8])
def test_a_resume_at_another_length_is_warned_about(
    build, monkeypatch, length
):
    said = []
    monkeypatch.setattr(
        'mmproto.engine.loops.print_log', lambda text, **_: said.append(text)
    )
    first = build(**iterations(4), **{'default_hooks.checkpoint.interval': 2})
    first.train()
    path = f'{first.work_dir}/iter_2.pth'
    build(resume=True, load_from=path, **iterations(length)).train()
    expected = ['had 4 iterations, this one has 8'] if length == 8 else []
    assert len(said) == len(expected)
    assert all(part in text for part, text in zip(expected, said))


@pytest.mark.parametrize(
    'changes',
    [
        dict(param_scheduler=SCHEDULERS),
        {'train_cfg.val_interval': 0.5},
    ],
)
def test_mmengines_own_loop_is_refused(build, changes):
    with pytest.raises(ValueError, match='set train_cfg.type to .*ShareIter'):
        build(PHASES, **changes).train()


def test_a_share_of_validations_out_of_range(build):
    with pytest.raises(ValueError, match='train_cfg.val_interval=1.5'):
        build(**iterations(4, val_interval=1.5)).train()


@pytest.mark.parametrize(
    ('loop', 'message'),
    [
        (iterations(0), 'max_iters of ShareIterLoop .* positive .* got 0'),
        (iterations('abc'), "positive integer, got 'abc'"),
        (epochs(2.5), 'max_epochs of ShareEpochLoop .* got 2.5'),
        (iterations(4, max_epochs=2), 'has max_epochs, .*_delete_=True'),
    ],
)
def test_a_length_that_is_none(build, loop, message):
    with pytest.raises(ValueError, match=message):
        build(**loop).train()
