"""A backbone and the neck that a segmentor had already, as one backbone."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from mmseg.registry import MODELS as MMSEG_MODELS
from torch import Tensor

from mmproto.registry import MODELS


@MODELS.register_module()
class BackboneWithNeck(BaseModule):
    """Let a concept model have a neck of its own after that of mmseg.

    Args:
        backbone: Config of a backbone.
        neck: Config of a neck on it, such as mmseg's ``FPN``.
        init_cfg: Initialisation of mmengine.
    """

    def __init__(
        self, backbone: dict, neck: dict, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.backbone = MMSEG_MODELS.build(backbone)
        self.neck = MMSEG_MODELS.build(neck)

    def forward(self, inputs: Tensor) -> Sequence[Tensor]:
        """Return the neck's maps (N,C,H,W) of images (N,3,h,w)."""
        return self.neck(self.backbone(inputs))
