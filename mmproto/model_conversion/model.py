"""Whole public models, from their state dicts.

ProtoSeg is https://github.com/gmum/proto-segmentation, ScaleProtoSeg
https://github.com/eceo-epfl/ScaleProtoSeg.
"""

from collections.abc import Mapping

from torch import Tensor

from .backbone import (
    BRANCHES,
    aspp_shapes,
    convert_features,
    public_feature_shapes,
)
from .checking import check_tensors, strip_prefixes
from .head import SHAPES, VECTORS, convert_head, group_shapes
from .places import ScaleRanges

ONES = 'ones'  # all ones, with which the public code sums over channels


def convert_protoseg(
    state: Mapping[str, Tensor],
    prototypes_per_class: int = 10,
    identity: Tensor | None = None,
    ranges: ScaleRanges | None = None,
) -> dict[str, Tensor]:
    """Convert ProtoSeg with a DeepLabV2 of ResNet-101.

    Args:
        state: Public state dict, also of a pruned model.
        prototypes_per_class: Number before pruning; the pruned places stay,
            marked in ``decode_head.prototype_layer.kept``.
        identity: ``prototype_class_identity`` (P',C), needed after pruning.
        ranges: Not used: there is one scale.

    Returns:
        State dict of a segmentor: mmseg's ``ResNet`` of depth 101 with
        ``style='caffe'``, ``mmproto.SeparateASPP`` with ``fusion='sum'``,
        ``mmproto.PrototypeHead`` with one prototype per concept. Prototype
        ``i`` of class ``c`` is number ``c * prototypes_per_class + i``.

    Raises:
        ValueError: If these are not the tensors of such a model.
    """
    return _convert(state, 1, prototypes_per_class, identity, None)


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
    return _convert(state, BRANCHES, prototypes_per_class, identity, ranges)


def _convert(
    state: Mapping[str, Tensor],
    scales: int,
    size: int,
    identity: Tensor | None,
    ranges: ScaleRanges | None,
) -> dict[str, Tensor]:
    """Check and convert features and head; only several scales have groups."""
    state = strip_prefixes(state)
    head_shapes = (group_shapes(state) if scales > 1 else {}) or SHAPES
    shapes, optional = public_feature_shapes()
    shapes |= {**head_shapes, ONES: head_shapes[VECTORS]}
    check_tensors(state, shapes, optional | {ONES})
    aspp = aspp_shapes(state[VECTORS].shape[1])
    check_tensors({name: state[name] for name in aspp}, aspp)
    features = convert_features(state)
    head = convert_head(state, scales, size, identity, ranges)
    return features | {f'decode_head.{n}': v for n, v in head.items()}
