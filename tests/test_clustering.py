"""Prototypes from clusters, classifier in closed form."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmproto.clustering import (
    LatentSample,
    cluster_prototypes,
    label_histograms,
    sample_pixels,
    spherical_kmeans,
)
from mmproto.initialization import init_prototypes


def generator():
    return torch.Generator().manual_seed(0)


def bundles(centres, each=40):
    """Unit vectors scattered closely around given directions."""
    noise = torch.randn(
        len(centres), each, centres.shape[1], generator=generator()
    )
    return F.normalize(centres[:, None] + 0.05 * noise, dim=2)


def test_kmeans_finds_well_separated_bundles():
    centres = F.normalize(torch.eye(8)[:5], dim=1)
    points = bundles(centres).flatten(0, 1)
    found = spherical_kmeans(points, 5, generator())
    nearest = (centres @ found.T).max(dim=1)
    assert nearest.values.min() > 0.99
    assert len(nearest.indices.unique()) == 5
    torch.testing.assert_close(found.norm(dim=1), torch.ones(5))


def test_kmeans_with_fewer_points_than_clusters_still_answers():
    points = torch.eye(3)[:2]
    found = spherical_kmeans(points, 4, generator())
    assert found.shape == (4, 3)
    assert (points @ found.T).amax(dim=1).min() > 0.99


def test_clusters_belong_to_their_class():
    directions = torch.eye(8)[:6]
    latents = bundles(directions)  # 6,40,D
    labels = torch.tensor([0, 0, 2, 2, 3, 3]).repeat_interleave(40)
    sample = LatentSample(latents.flatten(0, 1)[:, None], labels)
    prototypes = cluster_prototypes(sample, 4, 6, 1, generator())
    for rank, label in enumerate((0, 2, 3)):  # class 1 does not occur
        own = directions[2 * rank : 2 * rank + 2]
        cosine = own @ prototypes[2 * rank : 2 * rank + 2].T
        assert cosine.amax(dim=1).min() > 0.99, label


def test_fewer_concepts_than_classes_is_an_error():
    sample = LatentSample(torch.eye(3)[:, None], torch.arange(3))
    with pytest.raises(ValueError, match='2 concepts'):
        cluster_prototypes(sample, 3, 2, 1, generator())


def test_histograms_equal_a_count_by_hand():
    rng = np.random.default_rng(0)
    activations = rng.random((50, 4)).astype(np.float32)
    labels = rng.integers(0, 3, 50)
    weights = label_histograms(
        torch.from_numpy(activations), torch.from_numpy(labels), 3, 0.33
    )
    for concept in range(4):
        mass = [activations[labels == c, concept].sum() for c in range(3)]
        share = np.array(mass) / sum(mass)
        share[share < 0.33] = 0
        np.testing.assert_allclose(
            weights[:, concept].numpy(), share / share.sum(), rtol=1e-5
        )


def test_pixels_are_drawn_by_class_and_never_void():
    labels = torch.tensor([[0, 0, 0, 255], [1, 255, 255, 0]])
    latents = torch.randn(2, 3, 2, 4)
    sample = sample_pixels(latents, labels, 2, generator())
    assert sorted(sample.labels.tolist()) == [0, 0, 1]
    unit = F.normalize(latents, dim=1).flatten(2).permute(2, 0, 1)  # HW,S,D
    for latent, label in zip(sample.latents, sample.labels):
        place = (unit - latent).abs().sum(dim=(1, 2)).argmin()
        torch.testing.assert_close(unit[place], latent)
        assert labels.flatten()[place] == label


def test_initialised_model_holds_its_clusters(tiny_model, tiny_config):
    from mmengine.runner import Runner

    from mmproto.projection_data import projection_dataloader

    loader = Runner.build_dataloader(projection_dataloader(tiny_config))
    head = tiny_model.decode_head
    before = head.prototype_layer.vectors.detach().clone()
    init_prototypes(tiny_model, loader, pixels_per_class=5)
    vectors = head.prototype_layer.vectors
    assert not torch.allclose(vectors, before)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(16))
    columns = head.class_weights.sum(dim=0)
    torch.testing.assert_close(columns, torch.ones_like(columns))
    first = vectors.detach().clone()
    init_prototypes(tiny_model, loader, pixels_per_class=5)
    torch.testing.assert_close(head.prototype_layer.vectors, first)
