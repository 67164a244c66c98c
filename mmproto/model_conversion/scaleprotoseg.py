"""ScaleProtoSeg, https://github.com/eceo-epfl/ScaleProtoSeg."""

from collections.abc import Mapping

from torch import Tensor

from .backbone import BRANCHES
from .checking import strip_prefixes
from .head import SHAPES, group_shapes
from .model import convert_model
from .places import ScaleRanges


def convert_scaleprotoseg(
    state: Mapping[str, Tensor],
    prototypes_per_class: int = 3,
    identity: Tensor | None = None,
    ranges: ScaleRanges | None = None,
) -> dict[str, Tensor]:
    """Convert ScaleProtoSeg of either stage with ResNet-101.

    Args:
        state: Public state dict of the stage of prototypes or of groups, also
            of a pruned model.
        prototypes_per_class: ``M`` of a class and scale before pruning; the
            pruned places stay, marked in
            ``decode_head.prototype_layer.kept``.
        identity: ``prototype_class_identity`` (P',C), needed after pruning.
        ranges: ``scale_num_prototypes``; needed after pruning only where the
            classes do not show where a scale ends.

    Returns:
        State dict of a segmentor: mmseg's ``ResNet`` of depth 101 with
        ``style='caffe'``, ``mmproto.SeparateASPP`` without fusion,
        ``mmproto.PrototypeHead``. Prototype ``m`` of class ``c`` at scale
        ``s`` is number ``(c * 4 + s) * M + m``. Without groups every
        prototype is a concept; with them concept ``c * G + g`` is group ``g``
        of class ``c``, without weight where the class has no prototypes.

    Raises:
        ValueError: If these are not the tensors of such a model.
    """
    state = strip_prefixes(state)
    shapes = group_shapes(state) or SHAPES
    return convert_model(
        state, shapes, BRANCHES, prototypes_per_class, identity, ranges
    )
