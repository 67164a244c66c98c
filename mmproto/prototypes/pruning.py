"""Prune prototypes that repeat others or stand for another class."""

from collections.abc import Iterable

import torch
from mmengine.logging import print_log
from torch import Tensor

from mmproto.models.decode_heads import PrototypeHead
from mmproto.models.prototype_layers import DistancePrototypes


@torch.no_grad()
def prune_prototypes(
    head: PrototypeHead, record: dict, nearest: int = 6, at_least: int = 3
) -> list[int]:
    """Switch off prototypes for good, after a projection.

    Of the prototypes of a class that became the same latent, one stays, as in
    ProtoSeg (https://arxiv.org/abs/2301.12276, section 3). Of the rest, those
    go whose nearest training patches, one per image, seldom show their class,
    as in ProtoPNet (https://arxiv.org/abs/1806.10574, section 2.2 and
    supplement S8). A concept without prototypes loses all its class weights.

    Args:
        head: A head with ``DistancePrototypes``.
        record: Record of the projection, with at least ``nearest`` patches
            for each prototype.
        nearest: Number of patches that are looked at.
        at_least: Number of them that have to show the prototype's class.

    Returns:
        Indices of the newly pruned prototypes.

    Raises:
        ValueError: See :func:`check_prunable`.
    """
    check_prunable(head, record['topk'], nearest, at_least)
    layer: DistancePrototypes = head.prototype_layer
    twins = repeated(layer.vectors, head.prototype_classes, layer.kept)
    strange = foreign(
        record, head.prototype_classes.tolist(), nearest, at_least
    )
    gone = sorted(p for p in {*twins, *strange} if layer.kept[p])
    layer.kept[gone] = False
    _silence(head)
    print_log(
        f'{len(gone)} of {len(layer.kept)} prototypes pruned: {len(twins)} '
        f'repeat another, of {len(strange)} fewer than {at_least} of the '
        f'{nearest} nearest patches show their class',
        logger='current',
    )
    return gone


def check_prunable(
    head: PrototypeHead, topk: int, nearest: int = 6, at_least: int = 3
) -> None:
    """Refuse what cannot be pruned.

    Raises:
        ValueError: If the layer is no ``DistancePrototypes``, the record has
            too few patches, or more patches have to show the class than are
            looked at.
    """
    if not isinstance(head.prototype_layer, DistancePrototypes):
        raise ValueError(
            'prototypes can be pruned in mmproto.DistancePrototypes, the head '
            f'has {type(head.prototype_layer).__name__}'
        )
    if not 1 <= at_least <= nearest <= topk:
        raise ValueError(
            f'pruning looks at nearest={nearest} of topk={topk} patches, '
            f'of which at_least={at_least} have to show the class: expected '
            '1 <= at_least <= nearest <= topk'
        )


def repeated(vectors: Tensor, classes: Tensor, kept: Tensor) -> list[int]:
    """Find prototypes that share vector and class with an earlier one.

    Args:
        vectors: Prototypes (P,D).
        classes: Classes of the prototypes (P,).
        kept: Prototypes that were not pruned before (P,), bool.
    """
    seen: set[tuple] = set()
    found = []
    for p in kept.nonzero()[:, 0].tolist():
        key = (int(classes[p]), *vectors[p].tolist())
        if key in seen:
            found.append(p)
        seen.add(key)
    return found


def foreign(
    record: dict, classes: Iterable[int], nearest: int, at_least: int
) -> list[int]:
    """Find prototypes whose nearest patches seldom show their class.

    Args:
        record: Record of the projection.
        classes: Classes of the ``P`` prototypes.
        nearest: Number of patches that are looked at.
        at_least: Number of them that have to show the class.
    """
    found = []
    for prototype, own in zip(record['prototypes'], classes):
        patches = prototype['patches'][:nearest]
        if sum(patch['label'] == own for patch in patches) < at_least:
            found.append(prototype['prototype'])
    return found


def _silence(head: PrototypeHead) -> None:
    """Zero the class weights of concepts without prototypes."""
    kept = head.prototype_layer.kept
    if head.concept_pooling is not None:
        head.concept_pooling.project(kept)
        speaks = head.concept_pooling.weight.sum(dim=2).flatten() > 0  # K
    else:
        speaks = kept.view(head.num_concepts, -1).any(dim=1)  # K,M to K
    head.conv_seg.weight[:, ~speaks] = 0
