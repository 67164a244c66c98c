"""Restart dead concepts at the cells that are explained worst."""

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
    """Replace dead concepts by latents that are far from every prototype.

    Random restarts of unused codes (Dhariwal et al., Jukebox, 2020, section
    3.1) put them on random latents of the batch; here the latents are chosen.
    Each concept takes a cell, represented by its latent at the scale nearest
    to a prototype. The prototypes of the concept become that latent and the
    ones most like it. Its column of class weights becomes the mean positive
    weight of the cell's class, and exact zeros for the others.

    Args:
        head: A head whose prototype layer has vectors; changed in place.
        dead: Indices of the concepts to replace (r,), int64.
        latents: Latents of a batch (N,S,D,H,W).
        labels: Classes (N,H,W); cells outside 0..C-1 (255) are not taken.
        wrong: Wrongly classified cells (N,H,W), bool; taken first.

    Returns:
        Indices of the concepts that were replaced, the first of ``dead``: as
        many as there are such cells no two of which touch.
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
    weights = mean_positive(head.class_weights)  # before columns are cleared
    head.conv_seg.weight[:, concepts] = 0
    head.conv_seg.weight[label, concepts, 0, 0] = weights[label]
    return concepts


def worst_cells(nearest: Tensor, wrong: Tensor, counted: Tensor) -> Tensor:
    """Find the cells that are explained worst, no two of which touch.

    Args:
        nearest: Similarity of each cell to the nearest prototype (N,H,W).
        wrong: Cells that come before all others (N,H,W), bool.
        counted: Cells that may be taken (N,H,W), bool.

    Returns:
        Flat positions (n,), the worst first, of cells that come before all
        eight neighbours.
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
    """Average the positive weights of each class.

    Args:
        class_weights: Non-negative class weights (C,K).

    Returns:
        Means (C,); for a class without positive weights, the mean over all
        classes.
    """
    number = (class_weights > 0).sum(dim=1)
    total = class_weights.sum(dim=1)
    overall = total.sum() / number.sum().clamp(min=1)
    return torch.where(number > 0, total / number.clamp(min=1), overall)


@torch.no_grad()
def forget_moments(
    optimizers: Iterable[Optimizer], head: PrototypeHead, concepts: Tensor
) -> None:
    """Zero the state that optimizers keep for the parameters of concepts.

    Args:
        optimizers: All optimizers of the training.
        head: The head that holds the parameters.
        concepts: Indices of the concepts (r,), int64.
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
                # the state also holds step counts
                if getattr(value, 'shape', None) == parameter.shape:
                    value.index_fill_(dim, index, 0)


def _at_scale(latents: Tensor, scale: Tensor) -> Tensor:
    """Pick latents (N*H*W,D) of (N,S,D,H,W) at each cell's scale (N,H,W)."""
    cells = latents.permute(0, 3, 4, 1, 2).flatten(0, 2)  # N*H*W,S,D
    index = torch.arange(len(cells), device=cells.device)
    return cells[index, scale.flatten()]


def _most_alike(seeds: Tensor, cells: Tensor, number: int) -> Tensor:
    """Find the cells (r,number,D) of (n,D) nearest to each seed (r,D)."""
    # by differences: a seed is among the cells, at a distance of exactly 0
    distance = torch.cdist(
        seeds, cells, compute_mode='donot_use_mm_for_euclid_dist'
    )
    return cells[distance.topk(number, largest=False).indices]
