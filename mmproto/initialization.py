"""Initialise the prototypes of a model from its own latents."""

from collections.abc import Iterable

import torch
from mmengine.dist import all_gather_object
from mmengine.logging import print_log
from torch import Tensor, nn

from mmproto.clustering import (
    LatentSample,
    cluster_prototypes,
    label_histograms,
    sample_pixels,
)
from mmproto.features import evaluating, iterate_features
from mmproto.models.decode_heads import PrototypeHead
from mmproto.models.utils import get_prototype_head


def init_prototypes(
    model: nn.Module,
    loader: Iterable,
    pixels_per_class: int = 20,
    min_share: float = 0.05,
    seed: int = 0,
) -> None:
    """Replace prototypes by clusters of latents, the classifier to match.

    Random prototypes collapse to one concept a class or cost accuracy;
    clusters of a latent space that already separates the classes do neither.

    Args:
        model: A segmentor with a ``PrototypeHead`` whose layer has vectors,
            or a data-parallel wrapper of one.
        loader: Training images without augmentation, this rank's share.
        pixels_per_class: Pixels drawn of each class of each image, at most.
        min_share: Classes with a smaller share of what lies under a concept
            get exactly nothing from it.
        seed: Of the draw and of the clustering.

    Raises:
        ValueError: If the layer has no vectors, no pixel is labelled, or
            there are fewer concepts than classes.
    """
    head = get_prototype_head(model)
    generator = torch.Generator().manual_seed(seed)
    with evaluating(model):
        sample = _draw(model, head, loader, pixels_per_class, generator)
        prototypes = cluster_prototypes(
            sample,
            head.num_classes,
            head.num_concepts,
            head.prototypes_per_concept,
            generator,
        )
        layer = head.prototype_layer
        layer.set_vectors(prototypes.to(layer.vectors))
        activations = _activations(head, sample.latents)
        weights = label_histograms(
            activations, sample.labels, head.num_classes, min_share
        )
        head.conv_seg.weight.copy_(weights[:, :, None, None])
    nearest = (sample.latents.flatten(0, 1) @ prototypes.T).amax(dim=0)
    print_log(
        f'{len(prototypes)} prototypes from {len(sample.labels)} pixels: mean '
        f'cosine to the nearest latent {nearest.mean():.4f}, exact zeros in '
        f'the classifier {(weights == 0).float().mean():.4f}',
        logger='current',
    )


def _draw(
    model: nn.Module,
    head: PrototypeHead,
    loader: Iterable,
    per_class: int,
    generator: torch.Generator,
) -> LatentSample:
    """Latents and labels of pixels drawn from all ranks' images, on CPU."""
    parts = []
    for image in iterate_features(model, loader, 'Clustering'):
        latents = head.stack_scales(image.maps)  # 1,S,D,H,W
        latents = head.prototype_layer.embed(latents)[0].float().cpu()
        height, width = latents.shape[-2:]
        rows = torch.arange(height).repeat_interleave(width)
        columns = torch.arange(width).repeat(height)
        labels = image.labels_at(rows, columns, (height, width))
        labels = labels.view(height, width)
        parts.append(sample_pixels(latents, labels, per_class, generator))
    shares = all_gather_object(parts)
    parts = [part for share in shares for part in share]
    return LatentSample(
        torch.cat([part.latents for part in parts]),
        torch.cat([part.labels for part in parts]),
    )


def _activations(head: PrototypeHead, latents: Tensor) -> Tensor:
    """Concept activations (n,K) of sampled latents (n,S,D)."""
    device = head.conv_seg.weight.device
    activations = []
    for chunk in latents.split(8192):
        maps = chunk[..., None, None].to(device)  # n,S,D,1,1
        pooled = head.pool_concepts(maps)[0]  # n,K,1,1
        activations.append(pooled.flatten(1).cpu())
    return torch.cat(activations)
