"""ProtoSeg, https://github.com/gmum/proto-segmentation."""

from collections.abc import Mapping

from torch import Tensor

from .checking import strip_prefixes
from .head import SHAPES
from .model import convert_model
from .places import ScaleRanges


def convert_protoseg(
    state: Mapping[str, Tensor],
    prototypes_per_class: int = 10,
    identity: Tensor | None = None,
    ranges: ScaleRanges | None = None,
) -> dict[str, Tensor]:
    """Convert ProtoSeg with a DeepLabV2 of ResNet-101.

    Args:
        state: Public state dict, also of a pruned model.
        prototypes_per_class: Of the model before pruning; the pruned places
            stay, marked in ``decode_head.prototype_layer.kept``.
        identity: ``prototype_class_identity`` (P',C), needed after pruning.
        ranges: Not used: there is one scale.

    Returns:
        State dict of a segmentor: mmseg's ``ResNet`` of depth 101 with
        ``style='caffe'``, ``mmproto.SeparateASPP`` with ``fusion='sum'``,
        ``mmproto.PrototypeHead`` with one prototype a concept. Prototype
        ``i`` of class ``c`` is number ``c * prototypes_per_class + i``.

    Raises:
        ValueError: If these are not the tensors of such a model.
    """
    return convert_model(
        strip_prefixes(state), SHAPES, 1, prototypes_per_class, identity
    )
