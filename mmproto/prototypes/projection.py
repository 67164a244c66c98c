"""Projection: the nearest places of every prototype in the training images.

The record consists of plain types::

    {'version': 1, 'mode': 'project', 'topk': 10, 'dilations': [1, 6, 12, 18],
     'prototypes': [{'prototype': 0, 'concept': 0, 'patches': [
         {'image': 'leftImg8bit/train/a.png', 'scale': 1, 'row': 20,
          'col': 7, 'similarity': 0.97, 'label': 0,
          'feature_size': [64, 128], 'image_size': [1024, 2048]}, ...]}]}

``feature_size`` and ``image_size`` are rows and columns; ``image_size`` is
the part of the image file that the feature map spans, in pixels (more than
the file has where the input was padded). Cell ``(row, col)`` is thus centred
on pixel row ``(row + 0.5) * image_size[0] / feature_size[0]``, and so on.
"""

from collections.abc import Iterable

import torch
from mmengine.logging import print_log
from torch import nn

from mmproto.models.decode_heads import PrototypeHead
from mmproto.models.facts import ModelFacts
from mmproto.prototypes.features import evaluating, iterate_features, map_size
from mmproto.prototypes.nearest import Entry, NearestPlaces, merge_nearest
from mmproto.prototypes.ranks import on_all_ranks

MODES = ('project', 'mine')
RECORD_VERSION = 1


def project_prototypes(
    model: nn.Module,
    loader: Iterable,
    topk: int = 10,
    mode: str = 'project',
    own_class: bool = False,
) -> dict:
    """Find each prototype's nearest training latents, and move it there.

    Source: the "push" of ProtoPNet, https://arxiv.org/abs/1806.10574, section
    2.2, extended to every scale of every image. One pass; at most one place
    per prototype and image. The result does not depend on batch size, workers
    or number of ranks, which all end up with the same prototypes.

    Args:
        model: A segmentor with a ``PrototypeHead``, or a data-parallel
            wrapper of one.
        loader: Training images without augmentation, this rank's share of
            them: see
            :func:`~mmproto.datasets.plain_loader.projection_dataloader`.
        topk: Number of places to keep for each prototype.
        mode: ``'project'`` overwrites each prototype with its nearest latent;
            ``'mine'`` only records, and also works without vectors.
        own_class: Whether a prototype may only become a latent of its own
            class, as in ProtoPNet; one whose class does not occur stays. A
            second pass then records the nearest places of any class.

    Returns:
        The record, of plain types; see this module's description.

    Raises:
        ValueError: If an argument is invalid, the layer has no vectors to
            project, there are no images, or a similarity is NaN.

    Example:
        >>> model = init_model(config, checkpoint)  # doctest: +SKIP
        >>> images = projection_dataloader(model.cfg)  # doctest: +SKIP
        >>> loader = Runner.build_dataloader(images)  # doctest: +SKIP
        >>> record = project_prototypes(model, loader)  # doctest: +SKIP
        >>> record['prototypes'][0]['patches'][0]['image']  # doctest: +SKIP
        'leftImg8bit/train/a.png'
    """
    facts = ModelFacts.of(model)
    head = facts.head
    _check(head, topk, mode)
    with evaluating(facts.segmentor):
        if mode == 'project' and own_class:
            _overwrite(head, _find(facts, loader, 1, own_class))
        places = _find(facts, loader, topk)
        if mode == 'project' and not own_class:
            _overwrite(head, places)
    record = _record(facts, places, topk, mode)
    _log_summary(record)
    return record


def mean_similarity(record: dict) -> float:
    """Average the similarities of prototypes to their nearest places."""
    found = [p['patches'] for p in record['prototypes'] if p['patches']]
    return sum(patches[0]['similarity'] for patches in found) / len(found)


def _check(head: PrototypeHead, topk: int, mode: str) -> None:
    if mode not in MODES:
        raise ValueError(f'mode must be one of {MODES}, got {mode!r}')
    if topk < 1:
        raise ValueError(f'topk must be at least 1, got {topk}')
    if mode == 'project' and head.prototype_layer.vectors is None:
        raise ValueError(
            f'{type(head.prototype_layer).__name__} has no prototype vectors '
            "to project; use mode='mine', which records the nearest places"
        )


def _find(
    facts: ModelFacts, loader: Iterable, topk: int, own_class: bool = False
) -> list[list[Entry]]:
    """Find the nearest places of each prototype, over all ranks."""
    shares = on_all_ranks(
        'projection', lambda: _search(facts, loader, topk, own_class)
    )
    places = merge_nearest(shares, topk)
    if not any(places):
        raise ValueError(
            'the projection found no images: the data loader is empty, or no '
            'image has ground truth of the class of any prototype'
        )
    return places


def _search(
    facts: ModelFacts, loader: Iterable, topk: int, own_class: bool
) -> list[list[Entry]]:
    head = facts.head
    nearest = NearestPlaces(head.prototype_layer.num_prototypes, topk)
    for image in iterate_features(facts.segmentor, loader, 'Projection'):
        latents = head.stack_scales(image.maps)  # 1,S,D,H,W
        similarity = head.prototype_layer.similarity(latents)[0]  # S,P,H,W
        if own_class:
            labels = image.cell_labels(map_size(similarity))  # H,W
            classes = head.prototype_classes[:, None, None]
            own = classes == labels.to(classes.device)  # P,H,W
            similarity = similarity.where(own, -torch.inf)
        nearest.update(similarity, latents[0], image)
    return nearest.entries


def _overwrite(head: PrototypeHead, places: list[list[Entry]]) -> None:
    layer = head.prototype_layer
    found = {
        prototype: entries[0].latent
        for prototype, entries in enumerate(places)
        if entries and entries[0].latent is not None
    }
    latents = torch.stack(list(found.values())).to(head.class_weights.device)
    # embedded here, not image by image: the same tensor shape every time, and
    # hence the same rounding
    embedded = layer.embed(latents.T[None, None, :, :, None])  # 1,1,D,n,1
    vectors = layer.vectors.clone()  # P,D
    vectors[list(found)] = embedded[0, 0, :, :, 0].T.to(vectors.dtype)
    layer.set_vectors(vectors)


def _record(
    facts: ModelFacts, places: list[list[Entry]], topk: int, mode: str
) -> dict:
    concepts = facts.head.prototype_concepts.tolist()
    prototypes = [
        dict(
            prototype=index,
            concept=concepts[index],
            patches=[entry.to_dict() for entry in entries],
        )
        for index, entries in enumerate(places)
    ]
    return dict(
        version=RECORD_VERSION,
        mode=mode,
        topk=topk,
        dilations=facts.dilations,
        prototypes=prototypes,
    )


def _log_summary(record: dict) -> None:
    print_log(
        f'{len(record["prototypes"])} prototypes '
        f'{"projected" if record["mode"] == "project" else "mined"}: mean '
        f'similarity to the nearest latent {mean_similarity(record):.4f}',
        logger='current',
    )
