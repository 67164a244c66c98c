"""Several stages of a backbone as one map."""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule, kaiming_init
from torch import Tensor, nn

from .pooling import PooledMaps, as_maps, pool_map


class StageMix(BaseModule):
    """Apply a 1x1 convolution to concatenated stages, each at its own size.

    Resizing and 1x1 convolution commute, so a coarse stage is mapped to few
    channels before it grows. Finer stages are pooled to the working size
    first, by area. Based on the ``resize_concat`` of mmseg's heads.

    Args:
        in_channels: Channels of each stage.
        channels: Channels of the one map.
        in_index: The stages, indexes into the backbone's maps.
        norm_cfg: Norm of mmcv, or ``None`` for no norm.
        size_index: The stage whose size is worked at, one of ``in_index``; by
            default the first.
        pool: How many times coarser than that stage to work, for backbones
            without a coarser one.

    Raises:
        ValueError: If the arguments do not fit each other.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int,
        in_index: Sequence[int],
        norm_cfg: dict | None = None,
        size_index: int | None = None,
        pool: int = 1,
    ) -> None:
        super().__init__()
        size_index = _check_stages(in_channels, in_index, size_index, pool)
        self.in_index = tuple(in_index)
        self.size_index = size_index
        self.pool = pool
        self.convs = nn.ModuleList(
            nn.Conv2d(stage, channels, 1, bias=False) for stage in in_channels
        )
        self.norm = (
            build_norm_layer(norm_cfg, channels)[1]
            if norm_cfg
            else nn.Identity()
        )

    def init_weights(self) -> None:
        """Initialise the kernels as mmseg initialises its convolutions."""
        for conv in self.convs:
            kaiming_init(conv)
        super().init_weights()

    def pooled(self, inputs: Tensor | Sequence[Tensor]) -> PooledMaps:
        """Pool the stages that are finer than the working size.

        Args:
            inputs: The backbone's maps (N,Cin,H,W), or its only one.

        Returns:
            As many maps; ``None`` for each that is not used.
        """
        if isinstance(inputs, PooledMaps):
            return inputs
        maps = as_maps(inputs)
        rows, columns = _size(maps[self.size_index])
        size = (
            (rows + self.pool - 1) // self.pool,
            (columns + self.pool - 1) // self.pool,
        )
        used = {index % len(maps) for index in self.in_index}
        return PooledMaps(
            self.pool_map(x, size) if index in used else None
            for index, x in enumerate(maps)
        )

    def forward(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        """Mix the stages to a map (N,D,H,W) of the working size.

        Args:
            inputs: The backbone's maps (N,Cin,H,W), or its only one.
        """
        maps = self.pooled(inputs)
        size = _size(maps[self.size_index])
        stages = [
            _grow(conv(maps[index]), size)
            for conv, index in zip(self.convs, self.in_index)
        ]
        return F.relu(self.norm(sum(stages[1:], stages[0])))

    def pool_map(self, features: Tensor, size: tuple[int, int]) -> Tensor:
        """See :func:`.pooling.pool_map`."""
        return pool_map(features, size)


def _size(features: Any) -> tuple[int, int]:
    return features.shape[2], features.shape[3]


def _grow(features: Tensor, size: tuple[int, int]) -> Tensor:
    if _size(features) == size:
        return features
    return F.interpolate(features, size, mode='bilinear', align_corners=False)


def _check_stages(
    in_channels: Sequence[int],
    in_index: Sequence[int],
    size_index: int | None,
    pool: int,
) -> int:
    """Return the stage whose size is worked at."""
    if not in_index or len(in_channels) != len(in_index):
        raise ValueError(
            f'got in_channels={in_channels!r} for in_index={in_index!r}; give '
            'the channels of each stage that is used'
        )
    if size_index is None:
        size_index = in_index[0]
    if size_index not in in_index:
        raise ValueError(
            f'size_index={size_index} must be one of in_index={in_index!r}: '
            'the stage whose size is worked at'
        )
    if not isinstance(pool, int) or pool < 1:
        raise ValueError(f'pool must be a positive integer, got {pool!r}')
    return size_index
