"""Whether a concept always means the same part, by four definitions."""

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
from .states import ZERO, share

THRESHOLD = 0.8  # EvalProtoPNet: at least; ScaleProtoSeg: above
REPROSEG_THRESHOLD = 0.7  # above


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


@dataclass(frozen=True)
class Consistency:
    """Judgement of one definition.

    Args:
        evaluated: Whether a concept could be judged (K,).
        consistent: Whether a concept is consistent (K,).
        part: Its best part (K,), 0 for none.
        rate: What is compared with the threshold (K,), float64.
    """

    evaluated: Tensor
    consistent: Tensor
    part: Tensor
    rate: Tensor

    @property
    def score(self) -> float | None:
        """Share of consistent concepts; ``None`` if none was evaluated."""
        if not self.evaluated.any():
            return None
        return float(self.consistent[self.evaluated].double().mean())


def evalprotopnet_consistency(
    state: ConsistencyState, part_thresh: float = THRESHOLD
) -> Consistency:
    """Tell whether a part is hit in 80 % of the images that show it.

    Source: EvalProtoPNet (arXiv 2212.05946);
    util/eval_interpretability.py ``evaluate_consistency`` @ ab33e5d.
    Concepts whose class is not shown or has no parts are not evaluated.

    Args:
        state: Sums over the data set.
        part_thresh: Share of the images that is enough.
    """
    rates = share(state.box_hits, state.box_seen)
    rate, part = rates.max(dim=1)
    return _judge(state.box_images > 0, rate >= part_thresh, part, rate)


def scaleprotoseg_consistency(state: ConsistencyState) -> Consistency:
    """Tell whether a part is hit in more than 80 % of the images that show it.

    Source: ScaleProtoSeg, segmentation/analysis/metrics/consistency.py @
    dd3d32c. Concepts whose class never shows a part are not evaluated.
    """
    rates = share(state.area_hits, state.area_seen)
    rate, part = rates.max(dim=1)
    evaluated = state.area_seen.any(dim=1)
    return _judge(evaluated, rate > THRESHOLD, part, rate)


def reproseg_consistency(
    state: ConsistencyState, threshold: float = REPROSEG_THRESHOLD
) -> Consistency:
    """Tell whether a concept fills a part to more than 70 %, on average.

    Source: ReProSeg, src/visualize/interpretability.py
    ``_compute_if_concept_consistent`` @ 2f63bcd. All concepts count.

    Args:
        state: Sums over the data set.
        threshold: Mean activation that a part has to exceed.
    """
    rates = share(state.alpha_sum, state.alpha_seen.expand_as(state.alpha_sum))
    rate, part = rates.max(dim=1)
    evaluated = state.alpha_seen.any().expand_as(part)
    return _judge(evaluated, rate > threshold, part, rate)


def corrected_consistency(
    state: ConsistencyState, part_classes: Tensor, min_misses: float
) -> Consistency:
    """Tell whether the same part is hit on 80 % of the objects, beyond chance.

    With ``h`` hits on ``n`` objects and a sum ``e`` of the shares of the
    part in them, the rate is ``(h - e) / (n - e)``: a concept that is active
    at one random place of each object has a rate of 0, one that always hits
    has 1. Each class has its own best part; ``h``, ``e`` and ``n`` are summed
    over the classes.

    Args:
        state: Sums over the data set.
        part_classes: Class of each part (L+1,).
        min_misses: Smallest ``n - e``, the number of objects on which a
            random place would miss the part, for a class to count. A
            concept that is active at random places reaches the threshold by
            luck with a probability of at most 5 % if that is 3.
    """
    hits = state.object_hits.double()
    gained = torch.zeros(len(hits), dtype=torch.float64)
    possible = gained.clone()
    most = part = torch.zeros(len(hits), dtype=torch.int64)
    for c in part_classes[part_classes >= 0].unique().tolist():
        own = (part_classes == c).nonzero()[:, 0]
        objects = state.active[:, c]
        chance = state.object_chance[:, own]
        room = objects[:, None] - chance
        beyond = hits[:, own] - chance
        best = share(beyond, room).argmax(dim=1, keepdim=True)
        misses = room.gather(1, best)[:, 0]
        enough = (misses >= min_misses) & (objects > 0)
        gained += beyond.gather(1, best)[:, 0] * enough
        possible += misses * enough
        larger = enough & (objects > most)
        part = torch.where(larger, own[best[:, 0]], part)
        most = torch.where(larger, objects, most)
    rate = share(gained, possible)
    return _judge(possible > 0, rate >= THRESHOLD, part, rate)


def _judge(
    evaluated: Tensor, consistent: Tensor, part: Tensor, rate: Tensor
) -> Consistency:
    return Consistency(
        evaluated=evaluated,
        consistent=consistent & evaluated,
        part=torch.where(evaluated & (rate > 0), part, 0),
        rate=rate,
    )
