"""DeepLab's ASPP as a neck: every dilation rate has a kernel of its own."""

from collections.abc import Sequence

import torch
from mmcv.cnn import build_activation_layer
from mmengine.model import BaseModule
from mmseg.models.decode_heads.aspp_head import ASPPModule
from torch import Tensor, nn

from mmproto.registry import MODELS

FUSIONS = (None, 'sum')


@MODELS.register_module()
class SeparateASPP(BaseModule):
    """Run mmseg's ASPP branches: a map for each dilation rate, or their sum.

    Latents of different rates do not share a space: prototypes compared with
    them have to belong to one scale (``DistancePrototypes(per_scale=...)``),
    as in ScaleProtoSeg, https://arxiv.org/abs/2409.09497. The sum, one scale,
    is the ASPP of DeepLabV2, https://arxiv.org/abs/1606.00915, section 3.2,
    which ProtoSeg uses.

    Args:
        in_channels: Channels of the backbone stage that is used.
        channels: Channels ``D`` of every map.
        dilations: Dilation rates; mmseg takes a 1x1 kernel for rate 1.
        fusion: ``'sum'`` over the rates before the activation, or ``None``.
        in_index: Backbone stage that is used.
        norm_cfg: Norm of mmcv in every branch, or ``None`` for none.
        act_cfg: Activation of mmcv at the end, or ``None`` for none.
        init_cfg: Initialisation of mmengine.

    Raises:
        ValueError: If the fusion is unknown, there is no dilation or one is
            not a positive integer.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        dilations: Sequence[int],
        fusion: str | None = None,
        in_index: int = -1,
        norm_cfg: dict | None = None,
        act_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if fusion not in FUSIONS:
            raise ValueError(
                f'fusion must be one of {FUSIONS}, got {fusion!r}'
            )
        check_dilations(type(self).__name__, dilations)
        self.fusion = fusion
        # rates of the maps: a sum has no rate of its own
        self.dilations = None if fusion else tuple(dilations)
        self.in_index = in_index
        self.branches = ASPPModule(
            tuple(dilations),
            in_channels,
            channels,
            conv_cfg=None,
            norm_cfg=norm_cfg,
            act_cfg=None,
        )
        self.activate = (
            build_activation_layer(act_cfg) if act_cfg else nn.Identity()
        )

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Turn the features of one backbone stage into a map for each scale.

        Args:
            inputs: The backbone's maps; ``inputs[in_index]`` is (N,Cin,H,W).

        Returns:
            ``S`` maps of shape (N,D,H,W), in the order of ``dilations``, or
            only their sum.
        """
        maps = self.branches(inputs[self.in_index])
        if self.fusion == 'sum':
            maps = [torch.stack(maps).sum(dim=0)]  # S,N,D,H,W to N,D,H,W
        return tuple(self.activate(x) for x in maps)


def check_dilations(owner: str, dilations: Sequence[int]) -> None:
    """Refuse what is not a list of dilation rates.

    Args:
        owner: Class that was being built, for the message.
        dilations: What was given.

    Raises:
        ValueError: If there is none, or one is not a positive integer.
    """
    if not dilations or any(
        not isinstance(rate, int) or rate < 1 for rate in dilations
    ):
        raise ValueError(
            f'{owner} got dilations={dilations!r}; give one positive '
            'integer for each scale, for example (1, 6, 12, 18)'
        )
