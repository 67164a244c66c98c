"""Tests of the cosine distance to the nearest prototype."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmproto.models import PrototypeHead
from mmproto.models.losses import CompactnessLoss


def make_head(layer='CosinePrototypes', **kwargs):
    return PrototypeHead(
        in_channels=5,
        channels=5,
        num_classes=3,
        num_concepts=4,
        prototypes_per_concept=2,
        prototype_layer=dict(type=f'mmproto.{layer}', **kwargs),
        concept_losses=[dict(type='mmproto.CompactnessLoss', loss_weight=0.5)],
    )


def batch(size=(3, 4)):
    """Maps of two scales and samples with void, of two images."""
    torch.manual_seed(0)
    inputs = tuple(torch.randn(2, 5, *size) for _ in range(2))
    labels = torch.randint(0, 3, (2, 1, *size))
    labels[:, :, 0, 1:] = 255
    samples = [SegDataSample(gt_sem_seg=PixelData(data=x)) for x in labels]
    return inputs, samples


def distance_loop(head, inputs, samples):
    """The definition, pixel by pixel, in float64."""
    vectors = head.prototype_layer.vectors.detach().double()
    terms = []
    for n, sample in enumerate(samples):
        for h, w in (sample.gt_sem_seg.data[0] != 255).nonzero().tolist():
            cosines = [
                float(z @ p / z.norm() / p.norm())
                for z in (x[n, :, h, w].double() for x in inputs)
                for p in vectors
            ]
            terms.append(1 - max(cosines))
    return sum(terms) / len(terms)


def test_the_head_gives_the_nearest_of_all_prototypes_and_scales():
    inputs, samples = batch()
    head = make_head()
    with torch.no_grad():
        head.prototype_layer.vectors *= 3  # their length means nothing
    loss = head.loss(inputs, samples, {})['loss_compactness']
    expected = distance_loop(head, inputs, samples)
    assert loss.item() == pytest.approx(0.5 * expected, rel=1e-5)


def test_both_latents_and_prototypes_move_together():
    inputs, samples = batch()
    inputs = [x.requires_grad_() for x in inputs]
    head = make_head()
    vectors = head.prototype_layer.vectors
    loss = head.loss(inputs, samples, {})['loss_compactness']
    gradients = torch.autograd.grad(loss, [vectors, *inputs])
    for leaf, gradient in zip([vectors, *inputs], gradients):
        moved = [x.detach().clone() for x in inputs]
        if leaf is vectors:
            with torch.no_grad():
                vectors -= 0.1 * gradient
        else:
            index = [x is leaf for x in inputs].index(True)
            moved[index] -= 0.1 * gradient
        after = head.loss(moved, samples, {})['loss_compactness']
        assert after < loss
        assert not gradient[..., 0, 1:].any() or leaf is vectors  # void


def test_prototypes_that_are_the_latents_cost_nothing():
    inputs, samples = batch(size=(1, 4))
    head = make_head()
    with torch.no_grad():
        cells = inputs[1].permute(0, 2, 3, 1).reshape(-1, 5)  # eight cells
        head.prototype_layer.set_vectors(cells)
    loss = head.loss(inputs, samples, {})['loss_compactness']
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_void_only_gives_zero_and_a_zero_gradient():
    nearest = torch.rand(2, 3, 3, requires_grad=True)
    labels = torch.full((2, 3, 3), 255)
    loss = CompactnessLoss()(nearest, labels)
    loss.backward()
    assert loss.item() == 0
    assert not nearest.grad.any()


def test_loss_is_the_mean_over_labelled_pixels():
    nearest = torch.tensor([[[1.0, 0.5, -1.0, 0.0]]])
    labels = torch.tensor([[[0, 7, 2, 255]]])
    loss = CompactnessLoss(loss_weight=1.0)
    assert loss(nearest, labels).item() == pytest.approx(2.5 / 3)
    with pytest.raises(ValueError, match='cosines and labels have to have'):
        loss(nearest, labels[0])


@pytest.mark.parametrize('layer', ['SoftmaxConcepts', 'DistancePrototypes'])
def test_layers_without_a_cosine_are_refused(layer):
    with pytest.raises(ValueError, match=f'CosinePrototypes.*{layer}'):
        make_head(layer).loss(*batch(), {})
