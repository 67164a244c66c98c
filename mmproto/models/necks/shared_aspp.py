"""DeepLabV3's ASPP with one kernel and one norm for all dilation rates."""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmcv.cnn import build_activation_layer, build_norm_layer
from mmengine.model import BaseModule, kaiming_init
from torch import Tensor, nn

from mmproto.registry import MODELS

from .pooling import PooledMaps, as_maps
from .separate_aspp import check_dilations
from .shifted_taps import SumShiftedTaps
from .stage_mix import StageMix


@MODELS.register_module()
class SharedASPP(BaseModule):
    """Apply one 3x3 kernel at several dilation rates, exactly and cheaply.

    The nine products of kernel taps and features are computed once; every
    rate is a sum of nine shifted products. All rates pass through one norm
    (their statistics are joint), so that all scales live in one latent space.
    Based on the ASPP of DeepLabV3, https://arxiv.org/abs/1706.05587, whose
    branches have a kernel each.

    Several stages, or one where ``mid_channels`` are given, pass a
    :class:`.stage_mix.StageMix` before the kernel: a 1x1 convolution of their
    concatenation, norm and ReLU.

    Args:
        in_channels: Channels of the backbone stage that is used, or a list
            for several.
        channels: Latent channels ``D``.
        dilations: Dilation rate of each scale, in cells of the feature map.
        in_index: Backbone stage that is used, or a list.
        norm_cfg: Norm of mmcv, or ``None`` for no norm.
        act_cfg: Activation of mmcv. ``None`` by default: without one, the
            latents fill the whole sphere that cosine prototypes lie on.
        mid_channels: Channels between stages and kernel; for several stages
            by default as many as ``channels``. Fewer than the stage has make
            the nine products of the kernel cheaper.
        size_index: Of several stages, the one whose size all get; by default
            the first of ``in_index``.
        pool: How many times coarser than that stage the latents are.
        init_cfg: Initialisation of mmengine.

    Raises:
        ValueError: If there is no dilation or one is not a positive integer,
            or if the stages do not fit each other.
    """

    in_index: Any  # an index, or a list of them

    def __init__(
        self,
        in_channels: int | Sequence[int],
        channels: int,
        dilations: Sequence[int],
        in_index: int | Sequence[int] = -1,
        norm_cfg: dict | None = None,
        act_cfg: dict | None = None,
        mid_channels: int | None = None,
        size_index: int | None = None,
        pool: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_dilations(type(self).__name__, dilations)
        self.in_channels = in_channels
        self.channels = channels
        self.dilations = tuple(dilations)
        self.in_index = in_index
        self.stages = None
        if isinstance(in_index, int) and mid_channels is None:
            seen = _check_one_stage(in_channels, in_index, size_index, pool)
        else:
            seen = mid_channels or channels
            self.stages = StageMix(
                _as_list(in_channels),
                seen,
                _as_list(in_index),
                norm_cfg,
                size_index,
                pool,
            )
        self.conv = nn.Conv2d(seen, channels, 3, bias=False)
        self.norm = (
            build_norm_layer(norm_cfg, channels)[1]
            if norm_cfg
            else nn.Identity()
        )
        self.activate = (
            build_activation_layer(act_cfg) if act_cfg else nn.Identity()
        )

    def init_weights(self) -> None:
        """Initialise the kernel as mmseg initialises its convolutions."""
        kaiming_init(self.conv)
        super().init_weights()

    def pooled(self, inputs: Tensor | Sequence[Tensor]) -> PooledMaps:
        """Return what the neck looks at, in as few numbers as it needs.

        The neck gives exactly the same for these maps as for all.

        Args:
            inputs: The backbone's maps (N,Cin,H,W), or its only one.

        Returns:
            As many maps, the finer ones pooled; ``None`` for each that is not
            used.
        """
        if self.stages is not None:
            return self.stages.pooled(inputs)
        maps = as_maps(inputs)
        used = self.in_index % len(maps)
        return PooledMaps(x if i == used else None for i, x in enumerate(maps))

    def forward(self, inputs: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Turn the features of the backbone into a map for each scale.

        Args:
            inputs: The backbone's maps (N,Cin,H,W), or its only one, or what
                :meth:`pooled` made of them.

        Returns:
            ``S`` maps of shape (N,D,H,W), in the order of ``dilations``.
        """
        features = self.mix_stages(inputs).permute(0, 2, 3, 1)  # N,H,W,Cin
        kernel = self.conv.weight.permute(2, 3, 0, 1)  # 3,3,D,Cin
        products = F.linear(features, kernel.flatten(0, 2))  # N,H,W,9*D
        products = products.unflatten(-1, (9, self.channels))  # N,H,W,9,D
        maps = SumShiftedTaps.apply(products, self.dilations)  # S,N,H,W,D
        maps = maps.flatten(0, 1).permute(0, 3, 1, 2)  # S*N,D,H,W
        maps = self.activate(self.norm(maps))
        return maps.chunk(len(self.dilations))

    def mix_stages(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        """Return the features (N,Cin,H,W) that the kernel sees."""
        if self.stages is not None:
            return self.stages(inputs)
        return as_maps(inputs)[self.in_index]


def _as_list(value: int | Sequence[int]) -> Sequence[int]:
    return [value] if isinstance(value, int) else value


def _check_one_stage(
    in_channels: int | Sequence[int],
    in_index: int,
    size_index: int | None,
    pool: int,
) -> int:
    if not isinstance(in_channels, int):
        raise ValueError(
            f'got in_channels={in_channels!r} for in_index={in_index}; give '
            'the channels of this stage, or a list of stages'
        )
    if size_index is not None or pool != 1:
        raise ValueError(
            f'got size_index={size_index} and pool={pool}; they need several '
            'stages or mid_channels'
        )
    return in_channels
