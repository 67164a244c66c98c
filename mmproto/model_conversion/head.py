"""Prototypes, groups and classifier, from the public order to mmproto's."""

import re
from collections.abc import Mapping

from torch import Tensor

from .checking import Shape, check_tensors
from .places import (
    Places,
    ScaleRanges,
    find_classes,
    find_scales,
    prototype_places,
)

VECTORS = 'prototype_vectors'
CLASSIFIER = 'last_layer.weight'
GROUP_CLASSIFIER = 'last_layer_group.weight'
GROUPS = re.compile(r'group_projection\.(\d+)\.weight')
SHAPES: dict[str, Shape] = {
    VECTORS: (None, None, 1, 1),
    CLASSIFIER: (None, None),
}


def group_shapes(state: Mapping[str, Tensor]) -> dict[str, Shape]:
    """Return names and shapes of a head with groups; empty without any.

    Args:
        state: Public state dict, which decides the number of groups.
    """
    found = [int(m[1]) for m in map(GROUPS.fullmatch, state) if m]
    if not found and GROUP_CLASSIFIER not in state:
        return {}
    names = map(_group_name, range(max(found, default=0) + 1))
    shapes: dict[str, Shape] = dict.fromkeys(names, (None, None))
    return {VECTORS: SHAPES[VECTORS], GROUP_CLASSIFIER: (None, None)} | shapes


def convert_head(
    state: Mapping[str, Tensor],
    scales: int,
    size: int,
    identity: Tensor | None = None,
    ranges: ScaleRanges | None = None,
) -> dict[str, Tensor]:
    """Bring prototypes and what follows into the order of mmproto.

    Args:
        state: Public ``prototype_vectors`` (P',D,1,1) and
            ``last_layer.weight`` (C,P'); with groups ``last_layer_group``
            (C,G*C') instead, and ``group_projection.{i}.weight`` (G,P'_c) of
            the i-th class that has prototypes.
        scales: Scales ``S`` that prototypes belong to, 1 in ProtoSeg.
        size: Prototypes ``M`` of a class and scale before pruning.
        identity: ``prototype_class_identity`` (P',C).
        ranges: ``scale_num_prototypes``.

    Returns:
        State dict of mmproto's head.

    Raises:
        ValueError: If the sizes contradict each other.
    """
    grouped = GROUP_CLASSIFIER in state
    classes = len(state[GROUP_CLASSIFIER if grouped else CLASSIFIER])
    vectors = state[VECTORS].flatten(1)  # P',D
    sizes = (classes, scales, size)
    owners = find_classes(identity, len(vectors), sizes)
    places = prototype_places(
        owners, find_scales(owners, scales, ranges), sizes
    )
    head = {
        'prototype_layer.vectors': places.spread(vectors),
        'prototype_layer.kept': places.kept,
    }
    rest = _convert_groups if grouped else _convert_classifier
    return head | rest(state, places)


def _convert_classifier(
    state: Mapping[str, Tensor], places: Places
) -> dict[str, Tensor]:
    """Convert the class weights without groups (C,P,1,1)."""
    given = {CLASSIFIER: state[CLASSIFIER]}
    shape = (len(state[CLASSIFIER]), len(places.places))
    check_tensors(given, {CLASSIFIER: shape})
    weight = places.spread(state[CLASSIFIER], dim=1)  # C,P
    return {'conv_seg.weight': weight[:, :, None, None]}


def _convert_groups(
    state: Mapping[str, Tensor], places: Places
) -> dict[str, Tensor]:
    """Convert weights of groups (C,G,P/C) and of classes (C,G*C,1,1)."""
    classifier = state[GROUP_CLASSIFIER]
    num_classes = len(classifier)
    groups = len(state[_group_name(0)])
    owners = places.classes.unique()  # sorted: classes that have groups, C'
    members = [places.classes == owner for owner in owners]
    shapes: dict[str, Shape] = {
        _group_name(i): (groups, int(member.sum()))
        for i, member in enumerate(members)
    }
    shapes[GROUP_CLASSIFIER] = (num_classes, groups * len(owners))
    own = (GROUP_CLASSIFIER, *filter(GROUPS.fullmatch, state))
    check_tensors({name: state[name] for name in own}, shapes)

    size = places.number // num_classes  # of a class: P/C
    pooling = classifier.new_zeros(num_classes, groups, size)
    columns = classifier.new_zeros(num_classes, num_classes, groups)  # C,C,G
    given = classifier.unflatten(1, (len(owners), groups))  # C,C',G
    for i, (owner, member) in enumerate(zip(owners, members)):
        local = places.places[member] - owner * size
        pooling[owner][:, local] = state[_group_name(i)]
        columns[:, owner] = given[:, i]
    weight = columns.flatten(1)[:, :, None, None]
    return {'concept_pooling.weight': pooling, 'conv_seg.weight': weight}


def _group_name(index: int) -> str:
    return f'group_projection.{index}.weight'
