"""How often concepts hit parts, in sums over a data set."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .instance_hits import INACTIVE, chances, instance_hits
from .part_hits import (
    BOX,
    alpha,
    area_hits,
    box_hits,
    owners,
    part_means,
    part_of_owner,
)
from .part_targets import PartTargets
from .states import ZERO


@dataclass(frozen=True)
class ConsistencyState:
    """Sums over images, on the CPU.

    Args:
        images: Images with part labels (), int64.
        box_hits: Images in which concept k hits part l by EvalProtoPNet's
            definition (K,L+1), int64.
        box_seen: Images that show part l of the class of concept k (K,L+1).
        box_images: Images that show the class of concept k, if it has parts
            (K,).
        area_hits: As ``box_hits``, by ScaleProtoSeg's definition (K,L+1).
        area_seen: As ``box_seen``; the part has to lie in its class (K,L+1).
        alpha_sum: Sum of the means of :func:`part_means` (K,L+1), float64.
        alpha_seen: Images that show part l (L+1,), int64.
        object_hits: Objects on which concept k hits part l (K,L+1).
        object_chance: Sum of the share of part l in the objects on which
            concept k is active (K,L+1), float64.
        active: Objects of class c on which concept k is active (K,C).
        objects: Objects of all classes that concept k speaks for (K,).
    """

    images: Tensor = ZERO
    box_hits: Tensor = ZERO
    box_seen: Tensor = ZERO
    box_images: Tensor = ZERO
    area_hits: Tensor = ZERO
    area_seen: Tensor = ZERO
    alpha_sum: Tensor = ZERO
    alpha_seen: Tensor = ZERO
    object_hits: Tensor = ZERO
    object_chance: Tensor = ZERO
    active: Tensor = ZERO
    objects: Tensor = ZERO


def measure_consistency(
    maps: Tensor,
    class_weights: Tensor,
    targets: PartTargets,
    box: float = BOX,
) -> ConsistencyState:
    """Sum up one image.

    Args:
        maps: Activations (K,H,W).
        class_weights: Weights (C,K) >= 0.
        targets: Parts of the image.
        box: See :func:`box_hits`.
    """
    owner = owners(class_weights)
    own = part_of_owner(owner, targets)
    pixels = targets.part_pixels
    means = part_means(alpha(maps.flatten(1), pixels.sum(dim=0)), pixels)
    shown = targets.shown[owner] & own.any(dim=1)  # owner -1: no part is own
    hits = instance_hits(maps, class_weights, targets)  # I,K
    active = (hits != INACTIVE).double()
    classes = hits.new_tensor([i.class_index for i in targets.instances])
    kinds = F.one_hot(classes, len(class_weights)).double()  # I,C
    parts = F.one_hot(hits.clamp(min=0), len(targets.part_classes)).sum(dim=0)
    parts[:, 0] = 0
    sums = dict(
        images=torch.tensor(1),
        box_hits=box_hits(maps, owner, targets, box),
        box_seen=own & targets.visible,
        box_images=shown,
        area_hits=area_hits(maps, owner, targets),
        area_seen=own & targets.masked,
        alpha_sum=means.nan_to_num().double(),
        alpha_seen=targets.visible,
        object_hits=parts,
        object_chance=active.T @ chances(targets),
        active=(active.T @ kinds).long(),
        objects=(kinds @ (class_weights > 0).double()).sum(dim=0).long(),
    )
    return ConsistencyState(
        **{
            name: (value.long() if value.dtype == torch.bool else value).cpu()
            for name, value in sums.items()
        }
    )
