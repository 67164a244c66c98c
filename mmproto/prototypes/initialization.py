"""Initialise the prototypes of a model from its own latents."""

from collections.abc import Iterable
from dataclasses import replace

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather_object
from mmengine.logging import print_log
from torch import Tensor, nn

from mmproto.models.decode_heads import PrototypeHead
from mmproto.models.facts import get_prototype_head
from mmproto.prototypes.clustering import (
    cluster_prototypes,
    label_histograms,
    share_concepts,
)
from mmproto.prototypes.features import (
    ImageFeatures,
    evaluating,
    iterate_features,
)
from mmproto.prototypes.init_options import InitOptions, InitReport
from mmproto.prototypes.sampling import (
    LatentSample,
    Reservoir,
    cell_keys,
    drop_mixed,
    image_drawn,
)

# A cluster is the mean of at least about this many cells, even if some are
# mixed.
CELLS_PER_CLUSTER = 10


def init_prototypes(
    model: nn.Module, loader: Iterable, options: InitOptions | None = None
) -> InitReport:
    """Replace prototypes by clusters of latents, and class weights to match.

    Random prototypes collapse to one concept per class or cost accuracy;
    clusters of a latent space that already separates the classes do neither.
    The result does not depend on batch size, workers or number of ranks.

    Args:
        model: A segmentor with a ``PrototypeHead`` whose layer has vectors,
            or a data-parallel wrapper of one.
        loader: Training images without augmentation, this rank's share.
        options: Options; the defaults if ``None``.

    Returns:
        Numbers of cells and concepts of each class, and how near the
        prototypes are to latents.

    Raises:
        ValueError: If the layer has no vectors, no cell is labelled, there
            are fewer concepts than classes, or a concept does not have one
            prototype for each size.
    """
    options = options or InitOptions()
    head = get_prototype_head(model)
    if head.prototype_layer.vectors is None:
        raise ValueError(
            f'{type(head.prototype_layer).__name__} has no prototype vectors '
            'to initialise'
        )
    sizes = 1 + len(options.other_sizes)
    if sizes > 1 and head.prototypes_per_concept != sizes:
        raise ValueError(
            f'a concept is to have a prototype for each of {sizes} sizes (1 '
            f'and {options.other_sizes}), but the head has '
            f'prototypes_per_concept={head.prototypes_per_concept}'
        )
    with evaluating(model):
        sample, mixed, pixels = _draw(model, head, loader, options)
        report = _set_prototypes(head, sample, pixels, options)
        weights = label_histograms(
            # as the network sees the images later: at their own size
            _activations(head, mixed.latents.chunk(sizes, dim=1)[0]),
            mixed.labels,
            head.num_classes,
            options.min_share,
        )
        head.conv_seg.weight.copy_(weights[:, :, None, None])
    zeros = float((weights == 0).float().mean())
    report = replace(report, zeros=zeros)
    print_log(report.summary(), logger='current')
    return report


def _set_prototypes(
    head: PrototypeHead,
    sample: LatentSample,
    pixels: Tensor,
    options: InitOptions,
) -> InitReport:
    """Cluster a sample; the report does not know the class weights yet."""
    classes, per_concept = head.num_classes, head.prototypes_per_concept
    drawn = sample.labels.bincount(minlength=classes)
    shares = share_concepts(
        torch.where(drawn > 0, pixels, 0),
        head.num_concepts,
        options.class_power,
    )
    if options.min_cell_purity > 0:
        needed = CELLS_PER_CLUSTER * per_concept * shares
        sample = drop_mixed(sample, needed)
    generator = torch.Generator().manual_seed(options.seed)
    prototypes = cluster_prototypes(
        sample, shares, per_concept, generator, 1 + len(options.other_sizes)
    )
    layer = head.prototype_layer
    layer.set_vectors(prototypes.to(head.conv_seg.weight))
    return InitReport(
        pixels,
        sample.labels.bincount(minlength=classes),
        shares,
        _nearest_cosine(sample.latents, prototypes).view(-1, per_concept),
    )


def _draw(
    model: nn.Module,
    head: PrototypeHead,
    loader: Iterable,
    options: InitOptions,
) -> tuple[LatentSample, LatentSample, Tensor]:
    """Draw from the images of all ranks.

    Returns:
        Cells to cluster, pure ones first; cells of any kind; number of pixels
        of each class (C,).
    """
    limits = (options.pixels_per_class, options.latents_per_class)
    pure, mixed = Reservoir(*limits), Reservoir(*limits)
    filtered = options.min_cell_purity > 0
    pixels = {}  # by image: a sampler may yield an image twice
    images = iterate_features(
        model,
        loader,
        'Clustering',
        options.other_sizes,
        lambda path: image_drawn(path, options.image_share, options.seed),
    )
    for image in images:
        cells, draw_keys = _cells(head, image, options)
        pure.add(cells, draw_keys)
        if filtered:
            plain = torch.zeros_like(cells.impurity)
            mixed.add(replace(cells, impurity=plain), draw_keys)
        pixels[image.path] = _count_pixels(image, head.num_classes)
    shares = all_gather_object(pixels)
    merged = {path: count for share in shares for path, count in share.items()}
    none = torch.zeros(head.num_classes, dtype=torch.int64)
    sample = pure.gather()
    return (
        sample,
        mixed.gather() if filtered else sample,
        sum(merged.values(), none),
    )


def _cells(
    head: PrototypeHead, image: ImageFeatures, options: InitOptions
) -> tuple[LatentSample, Tensor]:
    """Return the labelled cells of an image, on the CPU, and draw keys."""
    latents = _latents(head, image)
    size = (int(latents.shape[-2]), int(latents.shape[-1]))
    inside = [torch.arange(length) for length in image.inside(size)]
    rows, columns = torch.cartesian_prod(*inside).T
    labels = image.labels_at(rows, columns, size).long()
    known = labels < head.num_classes
    rows, columns, labels = rows[known], columns[known], labels[known]
    places = rows * size[1] + columns
    impurity = torch.zeros(len(labels))
    if options.min_cell_purity > 0:
        purity = image.cell_purity(size)[rows, columns]
        mixed = purity < options.min_cell_purity
        impurity = torch.where(mixed, 1 - purity, 0)
    draw, keep = cell_keys(image.path, size[0] * size[1], options.seed)
    picked = latents.flatten(2)[:, :, places.to(latents.device)]  # Z*S,D,n
    unit = F.normalize(picked.permute(2, 0, 1).float().cpu(), dim=2)
    return LatentSample(unit, labels, impurity, keep[places]), draw[places]


def _latents(head: PrototypeHead, image: ImageFeatures) -> Tensor:
    """Stack latents (Z*S,D,H,W) of all sizes on the grid of the own size."""
    seen: list[Tensor] = []
    for maps in (image.maps, *image.at_sizes):
        latents = head.prototype_layer.embed(head.stack_scales(maps))[0]
        if seen and latents.shape != seen[0].shape:
            latents = F.interpolate(
                latents, seen[0].shape[-2:], mode='bilinear'
            )
        seen.append(latents)
    return torch.cat(seen)


def _count_pixels(image: ImageFeatures, num_classes: int) -> Tensor:
    """Count the pixels of each class (C,) in the label map."""
    if image.label_map is None:
        return torch.zeros(num_classes, dtype=torch.int64)
    labels = image.label_map.flatten()
    return labels[labels < num_classes].bincount(minlength=num_classes)


def _activations(head: PrototypeHead, latents: Tensor) -> Tensor:
    """Compute concept activations (n,K) of sampled latents (n,S,D)."""
    device = head.conv_seg.weight.device
    activations = []
    for chunk in latents.split(8192):
        maps = chunk[..., None, None].to(device)  # n,S,D,1,1
        pooled = head.pool_concepts(maps)[0]  # n,K,1,1
        activations.append(pooled.flatten(1).cpu())
    return torch.cat(activations)


def _nearest_cosine(latents: Tensor, prototypes: Tensor) -> Tensor:
    """Compute each prototype's cosine (P,) to its nearest latent.

    Args:
        latents: Unit latents (n,S,D).
        prototypes: Unit prototypes (P,D).
    """
    chunks = latents.flatten(0, 1).split(65536)
    nearest = [(chunk @ prototypes.T).amax(dim=0) for chunk in chunks]
    return torch.stack(nearest).amax(dim=0)
