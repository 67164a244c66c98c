"""DeepLabV3's ASPP with one kernel and one norm for all dilation rates."""

from collections.abc import Sequence

import torch.nn.functional as F
from mmcv.cnn import build_activation_layer, build_norm_layer
from mmengine.model import BaseModule, kaiming_init
from torch import Tensor, nn

from mmproto.registry import MODELS

from .separate_aspp import check_dilations
from .shifted_taps import SumShiftedTaps


@MODELS.register_module()
class SharedASPP(BaseModule):
    """Apply one 3x3 kernel at several dilation rates, exactly and cheaply.

    The nine products of kernel taps and features are computed once; every
    rate is a sum of nine shifted products. All rates pass through one norm
    (their statistics are joint), so that all scales live in one latent space.
    Based on the ASPP of DeepLabV3, https://arxiv.org/abs/1706.05587, whose
    branches have a kernel each.

    Args:
        in_channels: Channels of the backbone stage that is used.
        channels: Latent channels ``D``.
        dilations: Dilation rate of each scale, in cells of the feature map.
        in_index: Backbone stage that is used.
        norm_cfg: Norm of mmcv, or ``None`` for no norm.
        act_cfg: Activation of mmcv. ``None`` by default: without one, the
            latents fill the whole sphere that cosine prototypes lie on.
        init_cfg: Initialisation of mmengine.

    Raises:
        ValueError: If there is no dilation or one is not a positive integer.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        dilations: Sequence[int],
        in_index: int = -1,
        norm_cfg: dict | None = None,
        act_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_dilations(type(self).__name__, dilations)
        self.in_channels = in_channels
        self.channels = channels
        self.dilations = tuple(dilations)
        self.in_index = in_index
        self.conv = nn.Conv2d(in_channels, channels, 3, bias=False)
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

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Turn the features of one backbone stage into a map for each scale.

        Args:
            inputs: The backbone's maps; ``inputs[in_index]`` is (N,Cin,H,W).

        Returns:
            ``S`` maps of shape (N,D,H,W), in the order of ``dilations``.
        """
        features = inputs[self.in_index].permute(0, 2, 3, 1)  # N,H,W,Cin
        kernel = self.conv.weight.permute(2, 3, 0, 1)  # 3,3,D,Cin
        products = F.linear(features, kernel.flatten(0, 2))  # N,H,W,9*D
        products = products.unflatten(-1, (9, self.channels))  # N,H,W,9,D
        maps = SumShiftedTaps.apply(products, self.dilations)  # S,N,H,W,D
        maps = maps.flatten(0, 1).permute(0, 3, 1, 2)  # S*N,D,H,W
        maps = self.activate(self.norm(maps))
        return maps.chunk(len(self.dilations))
