"""SharedASPP against dilated convolutions with the same kernel."""

import copy

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel

from mmproto.models.necks import SharedASPP
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
