"""The most of an image that a cell can see: its theoretical field."""

from typing import Any

import torch
from torch import Tensor, nn

from mmproto.models.facts import ModelFacts
from mmproto.models.necks.pooling import as_maps
from mmproto.models.necks.stage_mix import StageMix
from mmproto.prototypes.features import evaluating

PROBE = 256  # side of the image that is shown to the network
GLOBAL = ('Attention', 'MSA', 'AdaptiveAvgPool', 'SqueezeExcite', 'SELayer')


def theoretical_fields(facts: ModelFacts) -> list[int | None]:
    """Bound the side of a cell's field at each scale, in input pixels.

    Each convolution or pooling widens the field by its kernel size minus one,
    times its dilation, times the stride before it. Branches are counted as if
    they came one after the other, so this is an upper bound; what a cell
    noticeably depends on is far smaller (https://arxiv.org/abs/1701.04128).
    A neck that resizes stages adds two cells of the coarsest.

    Args:
        facts: The model.

    Returns:
        One side per dilation rate of the neck, or a single one for a neck
        without rates; ``None`` where a layer sees the whole image.
    """
    model, dilations = facts.segmentor, facts.dilations
    parts = [model.backbone]
    if dilations is None and getattr(model, 'with_neck', False):
        parts.append(model.neck)
    layers = [m for part in parts for m in part.modules()]
    if any(name in type(m).__name__ for m in layers for name in GLOBAL):
        return [None] * len(dilations or [1])
    side, stride = _probe(model, layers)
    return [side + 2 * rate * stride for rate in dilations or [0]]


def _probe(model: Any, layers: list[nn.Module]) -> tuple[int, int]:
    """Measure field and stride of layers in one pass of the network."""
    grown = [1]
    mixed: list[int] = []  # strides of the stages that a neck mixes

    def widen(layer: Any, inputs: tuple[Tensor, ...], _: Any) -> None:
        """Add what a layer sees beyond its input's cells."""
        stride = round(PROBE / inputs[0].shape[2])
        kernel, dilation = layer.kernel_size, getattr(layer, 'dilation', 1)
        kernel = kernel if isinstance(kernel, int) else max(kernel)
        dilation = dilation if isinstance(dilation, int) else max(dilation)
        grown[0] += (kernel - 1) * dilation * stride

    def note(mix: Any, inputs: tuple[Any]) -> None:
        """Keep the strides of what is resized."""
        maps = as_maps(inputs[0])
        mixed.extend(
            round(PROBE / maps[index].shape[2]) for index in mix.in_index
        )

    kinds = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
    hooks = [
        layer.register_forward_hook(widen)
        for layer in layers
        if isinstance(layer, kinds)
    ]
    hooks += [
        layer.register_forward_pre_hook(note)
        for layer in model.modules()
        if isinstance(layer, StageMix)
    ]
    device = next(model.parameters()).device
    try:
        with evaluating(model):
            maps = model.extract_feat(
                torch.zeros(1, 3, PROBE, PROBE, device=device)
            )
    finally:
        for hook in hooks:
            hook.remove()
    stride = round(PROBE / maps[-1].shape[2])
    resized = set(mixed) - {stride}
    return grown[0] + (2 * max(stride, *mixed) if resized else 0), stride
