"""Projection of other prototype layers, and of one class each."""

import numpy as np
import pytest
import torch
from projection_cases import latents_of, places, train_images

from mmproto.models.decode_heads import PrototypeHead
from mmproto.prototypes.projection import mean_similarity, project_prototypes


def with_layer(model, name):
    """Replace the head of the tiny model by one with another layer."""
    torch.manual_seed(0)
    layer = dict(type=name)
    model.decode_head = PrototypeHead(
        16, 16, num_classes=4, num_concepts=8, prototype_layer=layer
    )
    return model.eval()


def test_distance_prototypes_become_latents(tiny_model, loader):
    model = with_layer(tiny_model, 'mmproto.DistancePrototypes')
    first = project_prototypes(model, loader(), topk=1)
    assert mean_similarity(first) < -1e-2
    again = project_prototypes(model, loader(), topk=1)
    assert mean_similarity(again) == pytest.approx(0, abs=1e-6)


def class_specific(model, number=8):
    """Give the tiny model prototypes that belong to one class each."""
    torch.manual_seed(1)
    model.decode_head = PrototypeHead(
        16,
        16,
        num_classes=4,
        num_concepts=number,
        prototype_layer=dict(type='mmproto.DistancePrototypes'),
        classifier=dict(type='mmproto.ClassSpecificConv2d'),
        link='softmax',
    )
    return model.eval()


def test_own_class_gives_the_nearest_latent_of_the_class(
    tiny_model, tiny_data, loader
):
    model = class_specific(tiny_model)
    layer = model.decode_head.prototype_layer
    before = layer.vectors.detach().double().numpy().copy()
    found = [(np.inf, None)] * 8
    batch_of = {s.img_path: s for b in loader() for s in b['data_samples']}
    for path in train_images(tiny_data):
        latents = latents_of(model, path)  # S,H,W,D
        labels = batch_of[path].gt_sem_seg.data[0].numpy()
        stride = labels.shape[0] // latents.shape[1]
        centres = labels[stride // 2 :: stride, stride // 2 :: stride]
        for p in range(8):
            own = latents[:, centres == p // 2]  # S,n,D
            for latent in own.reshape(-1, own.shape[-1]):
                distance = ((latent - before[p]) ** 2).sum()
                found[p] = min(
                    found[p], (distance, latent), key=lambda f: f[0]
                )
    record = project_prototypes(model, loader(), topk=3, own_class=True)
    expected = np.stack([latent for _, latent in found])
    np.testing.assert_allclose(layer.vectors.detach(), expected, atol=1e-5)
    for p, prototype in enumerate(record['prototypes']):
        first = prototype['patches'][0]
        assert first['label'] == p // 2
        assert first['similarity'] == pytest.approx(0, abs=1e-8)
    # the record holds the nearest places of any class
    again = project_prototypes(model, loader(), topk=3, mode='mine')
    assert places(again) == places(record)


def test_a_class_that_does_not_occur_keeps_its_prototypes(tiny_model, loader):
    model = class_specific(tiny_model)
    layer = model.decode_head.prototype_layer
    before = layer.vectors.detach().clone()
    found = list(loader())
    for batch in found:
        for sample in batch['data_samples']:
            labels = sample.gt_sem_seg.data
            labels[labels == 3] = 255
    project_prototypes(model, found, topk=1, own_class=True)
    same = (layer.vectors == before).all(dim=1)
    assert same.tolist() == 6 * [False] + 2 * [True]
    for batch in found:
        for sample in batch['data_samples']:
            sample.gt_sem_seg.data[:] = 255
    with pytest.raises(ValueError, match='of the class of any prototype'):
        project_prototypes(model, found, topk=1, own_class=True)


def test_softmax_concepts_can_only_be_mined(tiny_model, loader):
    model = with_layer(tiny_model, 'mmproto.SoftmaxConcepts')
    with pytest.raises(ValueError, match="mode='mine'"):
        project_prototypes(model, loader())
    record = project_prototypes(model, loader(), topk=1, mode='mine')
    assert len(record['prototypes']) == 8
