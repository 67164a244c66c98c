"""A whole public model, from its state dict."""

from collections.abc import Mapping

from torch import Tensor

from .backbone import aspp_shapes, convert_features, public_feature_shapes
from .checking import Shape, check_tensors
from .head import VECTORS, convert_head
from .places import ScaleRanges

ONES = 'ones'  # all ones, for the public way to sum over channels


def convert_model(
    state: Mapping[str, Tensor],
    head_shapes: Mapping[str, Shape],
    scales: int,
    size: int,
    identity: Tensor | None = None,
    ranges: ScaleRanges | None = None,
) -> dict[str, Tensor]:
    """Convert features and head.

    Args:
        state: Public state dict, without prefixes of wrappers.
        head_shapes: Names and shapes of the head.
        scales: Scales ``S`` that prototypes belong to.
        size: Prototypes ``M`` of a class and scale before pruning.
        identity: ``prototype_class_identity`` (P',C).
        ranges: ``scale_num_prototypes``.

    Returns:
        State dict of mmproto's segmentor.

    Raises:
        ValueError: If these are not the tensors of such a model.
    """
    shapes, optional = public_feature_shapes()
    shapes |= {**head_shapes, ONES: head_shapes[VECTORS]}
    check_tensors(state, shapes, optional | {ONES})
    aspp = aspp_shapes(state[VECTORS].shape[1])
    check_tensors({name: state[name] for name in aspp}, aspp)
    features = convert_features(state)
    head = convert_head(state, scales, size, identity, ranges)
    return features | {f'decode_head.{n}': v for n, v in head.items()}
