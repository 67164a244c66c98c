"""Which part of each object a concept picks out.

This is the corrected definition: masks instead of points, every object
separately, every class for which a concept has a weight.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .part_targets import Instance, PartTargets

ACTIVE_SHARE = 0.1  # of the evidence for the predicted class
INACTIVE = -1


def instance_hits(
    maps: Tensor, class_weights: Tensor, targets: PartTargets
) -> Tensor:
    """Find the part of each object that each concept picks out.

    A concept is active on an object if, where it is strongest on it, it
    gives at least a tenth of the evidence for the predicted class. Its area
    is where it reaches half of that strength. It hits a part if its area
    misses the part at most half as often as a random place on the object.

    Args:
        maps: Activations (K,H,W).
        class_weights: Weights (C,K).
        targets: Parts of the image.

    Returns:
        Part (I,K) for every object, 0 if it hits none, -1 if the concept is
        not active or has no weight for the class of the object.
    """
    maps = maps.flatten(1)
    hits = torch.full(
        (len(targets.instances), len(maps)), INACTIVE, device=maps.device
    )
    bound = ACTIVE_SHARE * (class_weights @ maps).amax(dim=0)  # HW
    for row, instance in enumerate(targets.instances):
        weights = class_weights[instance.class_index]
        concepts = (weights > 0).nonzero()[:, 0]
        on_object = maps[concepts[:, None], instance.cells]  # k,n
        peak, cell = on_object.max(dim=1)
        given = weights[concepts] * peak
        active = (given > 0) & (given >= bound[instance.cells[cell]])
        hits[row, concepts[active]] = hit_part(on_object[active], instance)
    return hits


def hit_part(maps: Tensor, instance: Instance) -> Tensor:
    """Find the part that an area picks out on one object.

    Args:
        maps: Activations at the cells of the object (k,n).
        instance: The object.

    Returns:
        Part (k,); 0 for none.
    """
    area = (maps >= 0.5 * maps.amax(dim=1, keepdim=True)).double()
    present = F.one_hot(instance.parts).double()  # n,parts
    share = area @ present / area.sum(dim=1, keepdim=True)
    chance = present.mean(dim=0)
    hit = share - chance >= 0.5 * (1 - chance)  # share > 0.5, so at most one
    return hit.long().argmax(dim=1)


def chances(targets: PartTargets) -> Tensor:
    """Return the share of each part in each object (I,L+1), float64."""
    found = torch.zeros(
        len(targets.instances),
        len(targets.part_classes),
        dtype=torch.float64,
        device=targets.points.device,
    )
    for row, instance in enumerate(targets.instances):
        counts = instance.parts.bincount(minlength=found.shape[1])
        found[row] = counts / len(instance.parts)
    return found
