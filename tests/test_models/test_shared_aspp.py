"""SharedASPP against dilated convolutions with the same kernel."""

import copy

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel

from mmproto.models.necks import SharedASPP
from mmproto.models.necks.pooling import pool_to
from mmproto.models.necks.shifted_taps import SumShiftedTaps

RATES = [(1,), (1, 6, 12, 18), (2, 3), (5, 1)]
SIZES = [(7, 11), (1, 4), (3, 30), (13, 13)]


def reference(features, kernel, rates):
    """One ordinary convolution a rate."""
    return [
        F.conv2d(features, kernel, padding=rate, dilation=rate)
        for rate in rates
    ]


@pytest.mark.parametrize('rates', RATES)
@pytest.mark.parametrize('size', SIZES)
def test_equals_dilated_convolutions_with_all_gradients(rates, size):
    torch.manual_seed(0)
    neck = SharedASPP(5, 7, rates).double()
    features = torch.randn(2, 5, *size).double().requires_grad_()
    maps = neck((features,))
    expected = reference(features, neck.conv.weight, rates)
    upstream = [torch.randn_like(x) for x in expected]
    leaves = (features, neck.conv.weight)
    gradients = torch.autograd.grad(maps, leaves, upstream)
    expected_gradients = torch.autograd.grad(expected, leaves, upstream)
    for ours, theirs in zip(
        (*maps, *gradients), (*expected, *expected_gradients)
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_derivatives_of_the_shifted_sum_are_exact():
    products = torch.randn(1, 4, 3, 9, 2).double().requires_grad_()

    def shifted(x):
        return SumShiftedTaps.apply(x, (1, 3))

    assert torch.autograd.gradcheck(shifted, products)
    assert torch.autograd.gradgradcheck(shifted, products)


def test_every_scale_trains_the_one_kernel():
    torch.manual_seed(0)
    neck = SharedASPP(3, 4, (1, 2, 3))
    kernels = [p for p in neck.parameters() if p.dim() == 4]
    assert len(kernels) == 1
    features = torch.randn(1, 3, 9, 9)
    gradients = [
        torch.autograd.grad(
            neck((features,))[index].square().sum(), kernels[0]
        )[0]
        for index in range(3)
    ]
    assert all(gradient.abs().sum() > 0 for gradient in gradients)
    total = sum(scale.square().sum() for scale in neck((features,)))
    together = torch.autograd.grad(total, kernels[0])[0]
    torch.testing.assert_close(together, sum(gradients), rtol=1e-4, atol=1e-4)


def test_norm_statistics_are_joint_over_scales():
    torch.manual_seed(0)
    neck = SharedASPP(3, 4, (1, 4), norm_cfg=dict(type='BN')).double()
    features = torch.randn(2, 3, 6, 5).double()
    maps = neck((features,))
    raw = torch.cat(reference(features, neck.conv.weight, (1, 4)))
    mean = raw.mean(dim=(0, 2, 3), keepdim=True)
    spread = raw.var(dim=(0, 2, 3), unbiased=False, keepdim=True)
    expected = (raw - mean) / (spread + neck.norm.eps).sqrt()
    torch.testing.assert_close(torch.cat(maps), expected)


@pytest.mark.parametrize(
    'change',
    [
        lambda neck: neck.to(torch.float64),
        copy.deepcopy,
        lambda neck: neck.to(memory_format=torch.channels_last),
        lambda neck: neck.to('cpu'),
    ],
)
def test_sharing_survives(change):
    torch.manual_seed(0)
    neck = SharedASPP(3, 4, (1, 2))
    neck([torch.randn(1, 3, 5, 5)])  # a state that a copy might break
    changed = change(neck)
    optimizer = torch.optim.SGD(changed.parameters(), lr=0.1)
    dtype = changed.conv.weight.dtype
    features = torch.randn(1, 3, 6, 6, dtype=dtype)
    sum(scale.square().mean() for scale in changed((features,))).backward()
    optimizer.step()
    expected = reference(features, changed.conv.weight, (1, 2))
    for ours, theirs in zip(changed((features,)), expected):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_state_dict_holds_one_kernel_and_restores_it():
    neck = SharedASPP(3, 4, (1, 2, 3), norm_cfg=dict(type='BN'))
    state = neck.state_dict()
    assert sum(value.dim() == 4 for value in state.values()) == 1
    other = SharedASPP(3, 4, (1, 2, 3), norm_cfg=dict(type='BN'))
    other.load_state_dict(state)
    features = torch.randn(2, 3, 5, 5)
    for ours, theirs in zip(neck((features,)), other((features,))):
        torch.testing.assert_close(ours, theirs)


def test_any_stage_can_be_used():
    neck = SharedASPP(3, 4, (1,), in_index=1)
    stages = (torch.randn(1, 8, 4, 4), torch.randn(1, 3, 2, 2))
    expected = F.conv2d(stages[1], neck.conv.weight, padding=1)
    torch.testing.assert_close(neck(stages)[0], expected)


def test_autocast_agrees_with_float32():
    torch.manual_seed(0)
    neck = SharedASPP(8, 4, (1, 2))
    features = torch.randn(1, 8, 6, 6)
    with torch.autocast('cpu', torch.bfloat16):
        half = neck((features,))
        sum(scale.float().sum() for scale in half).backward()
    for low, full in zip(half, neck((features,))):
        torch.testing.assert_close(low.float(), full, rtol=0.05, atol=0.05)


@pytest.mark.parametrize('dilations', [(), (0, 1), (1.5,), (-1,)])
def test_bad_dilations_are_named(dilations):
    with pytest.raises(ValueError, match='dilations'):
        SharedASPP(3, 4, dilations)


def test_data_parallel_wrapper_trains_the_kernel(tmp_path):
    store = dist.FileStore(str(tmp_path / 'store'), 1)
    dist.init_process_group('gloo', store=store, rank=0, world_size=1)
    try:
        torch.manual_seed(0)
        plain = SharedASPP(3, 4, (1, 2, 3), norm_cfg=dict(type='BN'))
        wrapped = DistributedDataParallel(copy.deepcopy(plain))
        features = torch.randn(2, 3, 6, 6)
        for module in (plain, wrapped):
            sum(x.square().sum() for x in module((features,))).backward()
        gradient = wrapped.module.conv.weight.grad
        torch.testing.assert_close(gradient, plain.conv.weight.grad)
    finally:
        dist.destroy_process_group()


STAGES = [(5, (16, 24)), (3, (8, 12)), (7, (4, 6)), (4, (2, 3))]


def stages(sizes=STAGES, batch=2):
    torch.manual_seed(1)
    return [torch.randn(batch, c, *size).double() for c, size in sizes]


def concatenated(neck, maps, size):
    """Resize every stage to one size, then one convolution of all."""
    resized = []
    for x in maps:
        finer = x.shape[2] > size[0]
        how = dict(mode='area') if finer else dict(mode='bilinear')
        resized.append(F.interpolate(x, size, **how))
    kernel = torch.cat([conv.weight for conv in neck.stages.convs], dim=1)
    return F.conv2d(torch.cat(resized, dim=1), kernel)


@pytest.mark.parametrize('size_index', range(4))
def test_several_stages_are_one_convolution_of_their_concatenation(size_index):
    torch.manual_seed(0)
    channels = [c for c, _ in STAGES]
    neck = SharedASPP(
        channels,
        7,
        (1, 2),
        in_index=[0, 1, 2, 3],
        mid_channels=6,
        size_index=size_index,
        norm_cfg=dict(type='BN'),
    ).double()
    maps = [x.requires_grad_() for x in stages()]
    mixed = concatenated(neck, maps, STAGES[size_index][1])
    expected = F.relu(F.batch_norm(mixed, None, None, training=True))
    raw = torch.cat(reference(expected, neck.conv.weight, (1, 2)))
    expected = F.batch_norm(raw, None, None, training=True).chunk(2)
    ours = neck(maps)
    upstream = [torch.randn_like(x) for x in expected]
    leaves = (*maps, *(conv.weight for conv in neck.stages.convs))
    gradients = torch.autograd.grad(ours, leaves, upstream)
    theirs = torch.autograd.grad(expected, leaves, upstream)
    for x, y in zip((*ours, *gradients), (*expected, *theirs)):
        torch.testing.assert_close(x, y, rtol=1e-9, atol=1e-9)


def test_gradients_of_a_mix_of_stages_are_exact():
    neck = SharedASPP(
        [2, 3], 2, (1, 2), in_index=[0, 1], size_index=1
    ).double()
    maps = stages([(2, (5, 7)), (3, (3, 4))], batch=1)
    for x in maps:
        x.requires_grad_()
    assert torch.autograd.gradcheck(lambda *x: neck(x)[1], maps)


@pytest.mark.parametrize('used', [(0, 2), (3, 1), (-4, -2), (2,)])
def test_maps_that_were_pooled_give_exactly_the_same(used):
    torch.manual_seed(0)
    maps = stages()
    neck = SharedASPP(
        [STAGES[i][0] for i in used],
        7,
        (1, 2),
        in_index=used,
        mid_channels=6,
        pool=2,
    ).double()
    pooled = neck.pooled(maps)
    kept = [i for i, x in enumerate(pooled) if x is not None]
    assert kept == sorted(i % 4 for i in used)
    rows, columns = STAGES[used[0] % 4][1]
    size = (-(-rows // 2), -(-columns // 2))
    for index in kept:  # never finer than the working size
        assert pooled[index].shape[2] <= size[0]
        finer = maps[index].shape[2] > size[0]
        expected = (
            F.adaptive_avg_pool2d(maps[index], size) if finer else maps[index]
        )
        assert torch.equal(pooled[index], expected)
    assert all(map(torch.equal, neck(maps), neck(pooled)))
    assert all(map(torch.equal, neck(maps), neck(neck.pooled(pooled))))
    assert neck(maps)[0].shape[2:] == size


def test_a_stage_as_fine_as_the_latents_is_not_copied():
    neck = SharedASPP([5, 3], 2, (1,), in_index=[0, 1], size_index=0).double()
    maps = stages()
    pooled = neck.pooled(maps)
    assert pooled[0] is maps[0]
    assert pooled[1] is maps[1]  # coarser: it grows after its convolution
    plain = SharedASPP(5, 2, (1,), in_index=0).double()
    assert plain.pooled(maps)[0] is maps[0]
    assert plain.pooled(maps)[1:] == (None, None, None)
    assert all(map(torch.equal, plain(maps), plain(plain.pooled(maps))))


def test_pooling_of_sizes_that_do_not_divide_keeps_the_mean():
    maps = [torch.randn(1, 2, 12, 9), torch.randn(1, 2, 4, 3)]
    pooled = pool_to(maps, (4, 3))
    blocks = maps[0].reshape(1, 2, 4, 3, 3, 3).mean(dim=(3, 5))
    torch.testing.assert_close(pooled[0], blocks)
    assert pooled[1] is maps[1]
    odd = pool_to([torch.ones(1, 1, 7, 5)], (3, 2))[0]
    assert torch.equal(odd, torch.ones(1, 1, 3, 2))


def test_mid_channels_for_one_stage():
    torch.manual_seed(0)
    neck = SharedASPP(7, 4, (1, 3), in_index=2, mid_channels=2).double()
    maps = stages()
    mixed = F.conv2d(maps[2], neck.stages.convs[0].weight).relu()
    expected = reference(mixed, neck.conv.weight, (1, 3))
    for ours, theirs in zip(neck(maps), expected):
        torch.testing.assert_close(ours, theirs)


def test_one_stage_has_the_parameters_that_it_always_had():
    neck = SharedASPP(3, 4, (1, 2), norm_cfg=dict(type='BN'))
    names = [name for name, _ in neck.named_parameters()]
    assert names == ['conv.weight', 'norm.weight', 'norm.bias']


def test_a_backbone_may_give_its_only_map_by_itself():
    torch.manual_seed(0)
    neck = SharedASPP([3], 4, (1, 2), in_index=[0])
    features = torch.randn(2, 3, 6, 6)
    assert all(map(torch.equal, neck(features), neck([features])))
    assert torch.equal(neck.pooled(features)[0], features)


@pytest.mark.parametrize(
    ('given', 'said'),
    [
        (dict(in_channels=[3, 4], in_index=[0]), r'in_channels=\[3, 4\]'),
        (dict(in_channels=[3], in_index=0), 'a list of stages'),
        (dict(in_channels=3, in_index=[0, 1]), r'in_index=\[0, 1\]'),
        (dict(in_channels=[], in_index=[]), r'in_channels=\[\]'),
        (dict(in_channels=3, in_index=0, pool=2), 'mid_channels'),
        (
            dict(in_channels=[3, 4], in_index=[0, 1], size_index=2),
            r'size_index=2 must be one of in_index=\[0, 1\]',
        ),
        (dict(in_channels=[3], in_index=[0], pool=0), 'pool must be'),
    ],
)
def test_stages_that_do_not_fit_are_named(given, said):
    with pytest.raises(ValueError, match=said):
        SharedASPP(channels=4, dilations=(1,), **given)
