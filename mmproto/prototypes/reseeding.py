"""Gives dead concepts a new start at what is explained worst."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Optimizer

from mmproto.models.decode_heads import PrototypeHead


@torch.no_grad()
def reseed(
    head: PrototypeHead,
    dead: Tensor,
    latents: Tensor,
    labels: Tensor,
    wrong: Tensor,
) -> Tensor:
    """Replace dead concepts by latents that no prototype is near to.

    Random restarts of unused codes (Dhariwal et al., Jukebox, 2020, section
    3.1) put them on random latents of the batch; these are chosen. Each
    concept takes a cell, of whose latents the scale nearest to a prototype
    counts. Its prototypes become that latent and the ones most like it. Its
    classifier column becomes the mean positive weight of the cell's class
    there and exact zeros elsewhere.

    Args:
        head: A head whose prototype layer has vectors; changed in place.
        dead: Ids of the concepts to replace (r,), int64.
        latents: Of a batch (N,S,D,H,W).
        labels: Classes (N,H,W); cells outside of 0..C-1 (255) are not taken.
        wrong: Cells that are classified wrongly (N,H,W), bool; taken first.

    Returns:
        Ids of the concepts that were replaced, the first of ``dead``: as many
        as there are such cells no two of which touch.
    """
    layer, per_concept = head.prototype_layer, head.prototypes_per_concept
    nearest, scale = layer.similarity(latents).amax(dim=2).max(dim=1)  # N,H,W
    counted = (labels >= 0) & (labels < head.num_classes)
    if counted.sum() < per_concept:
        return dead[:0]
    cells = _at_scale(layer.embed(latents), scale)  # N*H*W,D
    seeds = worst_cells(nearest, wrong, counted)[: len(dead)]
    concepts = dead[: len(seeds)]
    vectors = layer.vectors.unflatten(0, (head.num_concepts, per_concept))
    vectors[concepts] = _most_alike(
        cells[seeds], cells[counted.flatten()], per_concept
    ).to(vectors)
    label = labels.flatten()[seeds]
    weights = mean_positive(head.class_weights)  # before columns go
    head.conv_seg.weight[:, concepts] = 0
    head.conv_seg.weight[label, concepts, 0, 0] = weights[label]
    return concepts


def worst_cells(nearest: Tensor, wrong: Tensor, counted: Tensor) -> Tensor:
    """Cells that are explained worst, no two of which touch.

    Args:
        nearest: Similarity of each cell to the nearest prototype (N,H,W).
        wrong: Cells that come before all others (N,H,W), bool.
        counted: Cells that may be taken (N,H,W), bool.

    Returns:
        Flat positions (n,), the worst first: cells that come before all eight
        around them.
    """
    order = nearest.flatten().argsort(stable=True)
    right = ~wrong.flatten()[order]
    order = order[right.int().argsort(stable=True)]
    order = order[counted.flatten()[order]]
    place = torch.full(
        (nearest.numel(),),
        float('inf'),
        dtype=torch.float64,
        device=nearest.device,
    )
    place[order] = torch.arange(len(order), device=order.device).to(place)
    place = place.view(nearest.shape)
    first = -F.max_pool2d(-place[:, None], 3, 1, 1)[:, 0]
    return order[(place == first).flatten()[order]]


def mean_positive(class_weights: Tensor) -> Tensor:
    """Mean of the positive weights of each class.

    Args:
        class_weights: Non-negative classifier (C,K).

    Returns:
        (C,); for a class without any, the mean over all classes.
    """
    number = (class_weights > 0).sum(dim=1)
    total = class_weights.sum(dim=1)
    overall = total.sum() / number.sum().clamp(min=1)
    return torch.where(number > 0, total / number.clamp(min=1), overall)


@torch.no_grad()
def forget_moments(
    optimizers: Iterable[Optimizer], head: PrototypeHead, concepts: Tensor
) -> None:
    """Zero what optimizers remember of the parameters of some concepts.

    Args:
        optimizers: All of the training.
        head: The head that holds the parameters.
        concepts: Ids (r,), int64.
    """
    per_concept = head.prototypes_per_concept
    within = torch.arange(per_concept, device=concepts.device)
    prototypes = (concepts[:, None] * per_concept + within).flatten()
    for optimizer in optimizers:
        for parameter, dim, index in (
            (head.prototype_layer.vectors, 0, prototypes),
            (head.conv_seg.weight, 1, concepts),
        ):
            for value in optimizer.state.get(parameter, {}).values():
                # Beside moments there are counts of steps.
                if getattr(value, 'shape', None) == parameter.shape:
                    value.index_fill_(dim, index, 0)


def _at_scale(latents: Tensor, scale: Tensor) -> Tensor:
    """Latents (N,S,D,H,W) at the scale (N,H,W) of each cell, (N*H*W,D)."""
    cells = latents.permute(0, 3, 4, 1, 2).flatten(0, 2)  # N*H*W,S,D
    index = torch.arange(len(cells), device=cells.device)
    return cells[index, scale.flatten()]


def _most_alike(seeds: Tensor, cells: Tensor, number: int) -> Tensor:
    """The nearest of the cells (n,D) to each seed (r,D), (r,number,D)."""
    # Differences: a seed is among the cells, and its distance exactly 0.
    distance = torch.cdist(
        seeds, cells, compute_mode='donot_use_mm_for_euclid_dist'
    )
    return cells[distance.topk(number, largest=False).indices]
