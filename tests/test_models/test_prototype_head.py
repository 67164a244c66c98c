"""PrototypeHead: exactly additive, and what it refuses."""

import copy

import numpy as np
import pytest
import torch
from head_cases import LAYERS, make_head, maps, samples


@pytest.mark.parametrize('layer', LAYERS)
@pytest.mark.parametrize('per_concept', [1, 2])
def test_contributions_sum_to_the_evidence_at_every_pixel(layer, per_concept):
    head = make_head(layer, prototypes_per_concept=per_concept)
    inputs = maps()
    evidence = head(inputs)
    activations, _ = head.activations(inputs)
    contributions = torch.einsum(
        'ck,nkhw->nckhw', head.class_weights.double(), activations.double()
    )
    torch.testing.assert_close(
        contributions.sum(dim=2).float(), evidence, rtol=1e-5, atol=1e-6
    )
    assert head.conv_seg.bias is None
    assert (evidence >= 0).all()


@pytest.mark.parametrize('layer', LAYERS)
def test_concepts_sum_prototypes_and_pool_scales(layer):
    head = make_head(layer)
    inputs = maps()
    pooled, scale, per_scale = head.activations(inputs, per_scale=True)
    for index, scale_map in enumerate(inputs):
        prototypes = head.prototype_layer(scale_map[:, None])[:, 0]
        for concept in range(5):
            expected = (
                prototypes[:, 2 * concept] + prototypes[:, 2 * concept + 1]
            )
            torch.testing.assert_close(per_scale[:, index, concept], expected)
    stacked = per_scale.detach().numpy()
    np.testing.assert_array_equal(pooled.detach().numpy(), stacked.max(axis=1))
    np.testing.assert_array_equal(scale.numpy(), stacked.argmax(axis=1))


def test_mean_pooling_is_the_mean():
    head = make_head(scale_pooling='mean')
    pooled, _, per_scale = head.activations(maps(), per_scale=True)
    torch.testing.assert_close(pooled, sum(per_scale.unbind(1)) / 3)


def test_in_index_selects_the_maps_that_are_scales():
    head = make_head(in_index=1)
    other = make_head()
    torch.testing.assert_close(head(maps()), other(maps()[1:2]))


def test_class_weights_are_never_negative_and_keep_exact_zeros():
    head = make_head()
    with torch.no_grad():
        head.conv_seg.weight[0, 0] = -1
        head.conv_seg.weight[1, 1] = 0
    assert (head.class_weights >= 0).all()
    assert head.class_weights[0, 0] == 0 == head.class_weights[1, 1]


def test_copies_and_state_dicts_agree():
    head = make_head(in_channels=3)
    inputs = tuple(torch.randn(1, 3, 4, 4) for _ in range(2))
    clone = copy.deepcopy(head)
    torch.testing.assert_close(clone(inputs), head(inputs))
    other = make_head(in_channels=3)
    other.load_state_dict(head.state_dict())
    torch.testing.assert_close(other(inputs), head(inputs))


def test_delicate_terms_stay_in_float32_under_autocast():
    head = make_head()
    with torch.autocast('cpu', torch.bfloat16):
        evidence = head([x.bfloat16() for x in maps()])
        losses = head.loss([x.bfloat16() for x in maps()], samples(), {})
    assert evidence.dtype == torch.float32
    assert losses['loss_ce'].dtype == torch.float32


@pytest.mark.parametrize(
    'options, words',
    [
        (dict(link='sigmoid'), 'share'),
        (dict(scale_pooling='median'), 'max'),
        (dict(num_concepts=0), 'at least 1'),
        (dict(dropout_ratio=0.1), 'dropout'),
    ],
)
def test_bad_options_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        make_head(**options)
