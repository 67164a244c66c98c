"""Prototype layers against their formulas and the original codes."""

import numpy as np
import pytest
import torch
from golden import golden

from mmproto.models import (
    CosinePrototypes,
    DistancePrototypes,
    SoftmaxConcepts,
)


def latents(seed=0):
    return torch.randn(
        2, 3, 5, 4, 6, generator=torch.Generator().manual_seed(seed)
    ).double()


def test_cosine_equals_the_formula_pixel_by_pixel():
    layer = CosinePrototypes(7, 5, temperature=0.3).double()
    z = latents()
    activations = layer(z)
    vectors = layer.vectors.detach().numpy()
    for n, s, h, w in np.ndindex(2, 3, 4, 6):
        latent = z[n, s, :, h, w].numpy()
        cosine = vectors @ latent / np.linalg.norm(latent)
        cosine /= np.linalg.norm(vectors, axis=1)
        odds = np.exp(cosine / 0.3)
        np.testing.assert_allclose(
            activations[n, s, :, h, w].detach().numpy(), odds / odds.sum()
        )


def test_cosine_similarity_is_the_product_of_embeddings():
    layer = CosinePrototypes(7, 5).double()
    product = torch.einsum(
        'nsdhw,pd->nsphw', layer.embed(latents()), layer.vectors
    )
    torch.testing.assert_close(layer.similarity(latents()), product)


def test_temperature_is_learned_in_log_space_or_fixed():
    learned = CosinePrototypes(4, 5, temperature=0.2)
    parameters = dict(learned.named_parameters())
    assert parameters['log_temperature'].exp().item() == pytest.approx(0.2)
    fixed = CosinePrototypes(4, 5, 0.2, learn_temperature=False)
    assert [name for name, _ in fixed.named_parameters()] == ['vectors']
    assert 'log_temperature' in fixed.state_dict()


def test_softmax_concepts_without_and_with_convolution():
    plain = SoftmaxConcepts(5, 5, add_on=False)
    torch.testing.assert_close(plain(latents()), latents().softmax(dim=2))
    layer = SoftmaxConcepts(3, 5).double()
    logits = torch.einsum('nsdhw,pd->nsphw', latents(), layer.add_on.weight)
    logits = logits + layer.add_on.bias[None, None, :, None, None]
    torch.testing.assert_close(layer(latents()), logits.softmax(dim=2))


@golden('pipnet_inference')
def test_golden_pipnet_softmax_concepts(case):
    if str(case.arrays['in_add_on']) != 'softmax':
        pytest.skip('this file starts from maps, not from logits')
    features = case.input('features')
    layer = SoftmaxConcepts(features.shape[1], features.shape[1], add_on=False)
    case.check(layer(features[:, None])[:, 0], 'out_proto_features')


@golden('protopnet_l2_distance')
@pytest.mark.parametrize('activation', ['log', 'linear'])
def test_golden_protopnet_distances(case, activation):
    prototypes = case.input('prototypes').flatten(1)
    layer = DistancePrototypes(
        *prototypes.shape,
        activation=activation,
        epsilon=case['in_epsilon'].item(),
    ).to(prototypes.dtype)
    layer.set_vectors(prototypes)
    features = case.input('features')[:, None]
    # float32 originals cancel near a prototype: compare with their float64
    distances = case.arrays.get(
        'out64_distances', case.arrays['out_distances']
    )
    similarity = case.arrays.get(
        'out64_similarity_log', case.arrays['out_similarity_log']
    )
    expected = similarity if activation == 'log' else -distances
    exact = case.dtype == torch.float64
    np.testing.assert_allclose(
        layer(features)[:, 0].detach().double().numpy(),
        expected,
        rtol=1e-9 if exact else 2e-5,
        atol=1e-11 if exact else 1e-5,
    )


@golden('protoseg_forward')
def test_golden_protoseg_evidence(case):
    pruned = set(case.arrays['in_pruned'].tolist())
    prototypes = case.input('prototypes').flatten(1)
    kept = [p for p in range(len(prototypes)) if p not in pruned]
    layer = DistancePrototypes(len(kept), prototypes.shape[1])
    layer = layer.to(prototypes.dtype)
    layer.set_vectors(prototypes[kept])
    similarity = layer(case.input('features')[:, None])[:, 0]  # N,P,H,W
    weight = case['out_last_layer_weight'].to(similarity.dtype)
    logits = torch.einsum('nphw,cp->nhwc', similarity, weight)
    if case.dtype == torch.float64:
        case.check(logits, 'out_logits')


@golden('scaleprotoseg_distances')
def test_golden_scaleprotoseg_distances_of_each_scale(case):
    prototypes = case.input('prototypes').flatten(1)
    features = case.input('features')
    channels = prototypes.shape[1]
    blocks = features.split(channels, dim=1)
    expected = case['out_distances'].to(features.dtype)
    for block, (start, end) in zip(blocks, case['in_scale_ranges'].tolist()):
        layer = DistancePrototypes(end - start, channels)
        layer = layer.to(features.dtype)
        layer.set_vectors(prototypes[start:end])
        torch.testing.assert_close(
            layer.distances(block[:, None])[:, 0], expected[:, start:end]
        )


@pytest.mark.parametrize('per_scale', [None, 2])
def test_distance_gradient_equals_finite_differences(per_scale):
    layer = DistancePrototypes(6, 5, per_scale=per_scale).double()
    z = latents().requires_grad_()

    def similarity(z, vectors):
        parameters = dict(layer.named_parameters()) | dict(vectors=vectors)
        return torch.func.functional_call(layer, parameters, (z,))

    assert torch.autograd.gradcheck(similarity, (z, layer.vectors))


def test_distance_gradient_is_finite_on_a_prototype():
    layer = DistancePrototypes(2, 5)
    z = layer.vectors.detach()[0].view(1, 1, 5, 1, 1).clone().requires_grad_()
    layer(z).sum().backward()
    assert z.grad.isfinite().all()


@pytest.mark.parametrize(
    'build, words',
    [
        (lambda: CosinePrototypes(0, 5), 'at least 1'),
        (lambda: CosinePrototypes(3, 5, temperature=0), 'positive'),
        (lambda: SoftmaxConcepts(3, 5, add_on=False), 'expected 3'),
        (lambda: DistancePrototypes(3, 5, activation='exp'), 'exp'),
        (lambda: DistancePrototypes(3, 5, epsilon=0), 'epsilon'),
        (
            lambda: SoftmaxConcepts(3, 5).set_vectors(torch.ones(3, 5)),
            'no pro',
        ),
        (
            lambda: CosinePrototypes(3, 5).set_vectors(torch.ones(2, 5)),
            'shape',
        ),
    ],
)
def test_bad_input_is_named(build, words):
    with pytest.raises(ValueError, match=words):
        build()
