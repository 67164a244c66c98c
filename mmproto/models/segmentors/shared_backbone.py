"""A backbone that belongs to another model."""

from collections.abc import Sequence

from torch import Tensor, nn

from mmproto.registry import MODELS


@MODELS.register_module()
class SharedBackbone(nn.Module):
    """Refer to a backbone without owning its weights.

    The backbone moves, trains and is saved with the model that owns it.

    Args:
        backbone: The backbone.
    """

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self._backbone = [backbone]  # in a list, torch does not register it

    def forward(self, inputs: Tensor) -> Sequence[Tensor]:
        """Return the backbone's maps (N,C,H,W) of images (N,3,h,w)."""
        return self._backbone[0](inputs)
