"""Dilated ResNet-101 and ASPP: names in the public code and in mmseg.

Names of https://github.com/kazuto1011/deeplab-pytorch, which both ProtoSeg
and ScaleProtoSeg (the latter through the fork hugoporta/deeplab-pytorch) use.
"""

import functools
from collections.abc import Mapping

import torch
from mmseg.models.backbones import ResNet
from torch import Tensor

from .checking import Shape

PREFIX = 'features.base.'
UNITS = {
    'conv1': 'reduce.conv',
    'bn1': 'reduce.bn',
    'conv2': 'conv3x3.conv',
    'bn2': 'conv3x3.bn',
    'conv3': 'increase.conv',
    'bn3': 'increase.bn',
    'downsample.0': 'shortcut.conv',
    'downsample.1': 'shortcut.bn',
}
BRANCHES = 4  # dilation rates 6, 12, 18, 24
COUNTER = '.num_batches_tracked'


def public_name(name: str) -> str:
    """Return the public name of a tensor of mmseg's ResNet.

    Args:
        name: For example ``'layer1.0.downsample.1.bias'``, whose public name
            is ``'features.base.layer2.block1.shortcut.bn.bias'``.
    """
    module, tensor = name.rsplit('.', 1)
    if not module.startswith('layer'):  # conv1 or bn1, the stem
        return f'{PREFIX}layer1.conv1.{module[:-1]}.{tensor}'
    stage, block, unit = module.removeprefix('layer').split('.', 2)
    return (
        f'{PREFIX}layer{int(stage) + 1}.block{int(block) + 1}.'
        f'{UNITS[unit]}.{tensor}'
    )


@functools.cache
def backbone_shapes() -> dict[str, torch.Size]:
    """Return the names and shapes of mmseg's ResNet-101."""
    with torch.device('meta'):  # without memory
        state = ResNet(depth=101).state_dict()
    return {name: tensor.shape for name, tensor in state.items()}


def public_feature_shapes() -> tuple[dict[str, Shape], set[str]]:
    """Return public names and shapes of what precedes the prototypes.

    Returns:
        All of them, and the names that may be absent: counters of batches,
        which older versions of batch norm do not have.
    """
    shapes: dict[str, Shape] = {
        public_name(name): tuple(shape)
        for name, shape in backbone_shapes().items()
    }
    optional = {name for name in shapes if name.endswith(COUNTER)}
    return shapes | aspp_shapes(None), optional


def aspp_shapes(channels: int | None) -> dict[str, Shape]:
    """Return the public names and shapes of the ASPP.

    Args:
        channels: Its output channels ``D``, ``None`` for any number.
    """
    shapes: dict[str, Shape] = {}
    for branch in range(BRANCHES):
        shapes[f'{PREFIX}aspp.c{branch}.weight'] = (channels, 2048, 3, 3)
        shapes[f'{PREFIX}aspp.c{branch}.bias'] = (channels,)
    return shapes


def convert_features(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename backbone and ASPP.

    Args:
        state: Public state dict, as :func:`public_feature_shapes` lists it.

    Returns:
        State dict of ``backbone`` and ``neck``; absent counters of batches
        become zero.
    """
    converted = {
        f'backbone.{name}': state.get(public_name(name), torch.tensor(0))
        for name in backbone_shapes()
    }
    for branch in range(BRANCHES):
        for part in ('weight', 'bias'):
            converted[f'neck.branches.{branch}.conv.{part}'] = state[
                f'{PREFIX}aspp.c{branch}.{part}'
            ]
    return converted
