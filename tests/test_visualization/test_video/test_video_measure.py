"""Shares of evidence against a loop over pixels, one by one."""

import pytest
import torch

from mmproto.explanations.evidence import EvidenceMaps
from mmproto.models.decode_heads import PrototypeHead
from mmproto.models.facts import ModelFacts
from mmproto.visualization.video.measure import evidence_shares

ALL = (slice(None), slice(None))


def by_pixel(maps, weights, points=None):
    """Mean over pixels of positive contributions over their sum."""
    activations = maps.activations(range(weights.shape[1])).tolist()
    prediction = maps.logits.argmax(dim=0).tolist()
    weights = weights.tolist()
    height, width = maps.size
    points = points or [(x, y) for y in range(height) for x in range(width)]
    total, count = [0.0] * len(activations), 0
    for x, y in points:
        row = weights[prediction[y][x]]
        said = [max(w * a[y][x], 0.0) for w, a in zip(row, activations)]
        if sum(said) > 0:
            count += 1
            for concept, value in enumerate(said):
                total[concept] += value / sum(said)
    return torch.tensor(total, dtype=torch.float64) / max(count, 1)


def signed(activation):
    torch.manual_seed(0)
    return PrototypeHead(
        16,
        16,
        num_classes=4,
        num_concepts=8,
        prototype_layer=dict(
            type='mmproto.DistancePrototypes', activation=activation
        ),
        classifier=dict(type='mmproto.ClassSpecificConv2d', other=-0.5),
        link='softmax',
    ).eval()


@pytest.fixture
def sparse(tiny_model):
    """Weights with zeros, as pruning leaves them; concept 3 unused."""
    weight = tiny_model.decode_head.conv_seg.weight
    with torch.no_grad():
        weight.copy_(torch.rand(weight.shape) - 0.4)
        weight[:, 3] = -1
    return tiny_model


def check(model, frame):
    maps = EvidenceMaps(ModelFacts.of(model), frame)
    weights = model.decode_head.class_weights.detach()
    shares = evidence_shares(maps, weights, ALL)
    assert torch.allclose(shares, by_pixel(maps, weights), atol=1e-6)
    assert float(shares.sum()) == pytest.approx(1, abs=1e-14)
    for x, y in ((0, 0), (95, 63), (40, 31)):
        region = slice(y, y + 1), slice(x, x + 1)
        shares = evidence_shares(maps, weights, region)
        expected = by_pixel(maps, weights, [(x, y)])
        assert torch.allclose(shares, expected, atol=1e-6)
    return maps, weights


def test_shares_equal_a_loop_over_pixels(sparse, scenes):
    maps, weights = check(sparse, scenes[0])
    assert evidence_shares(maps, weights, ALL)[3] == 0
    assert maps.logits.argmax(dim=0).unique().numel() > 1


def test_more_concepts_than_are_replayed_at_once(tiny_config, request, scenes):
    tiny_config.model.decode_head.num_concepts = 40
    check(request.getfixturevalue('tiny_model'), scenes[0])


@pytest.mark.parametrize('activation', ['log', 'linear'])
def test_what_speaks_against_a_class_is_left_out(
    tiny_model, scenes, activation
):
    tiny_model.decode_head = signed(activation)
    maps, weights = check(tiny_model, scenes[0])
    assert (weights < 0).any()
    assert (evidence_shares(maps, weights, ALL) >= 0).all()


def test_pixels_without_evidence_are_left_out(tiny_model, scenes):
    maps = EvidenceMaps(ModelFacts.of(tiny_model), scenes[0])
    weights = tiny_model.decode_head.class_weights.detach()
    whole = evidence_shares(maps, weights, ALL)
    # class 1 wins on the right half, where nothing speaks for it
    maps.logits[:, :, 48:] = torch.tensor([-1.0, 0, -1, -1])[:, None, None]
    weights = weights.clone()
    weights[1] = 0
    left = evidence_shares(maps, weights, (slice(None), slice(0, 48)))
    found = evidence_shares(maps, weights, ALL)
    assert torch.allclose(found, left, atol=1e-6)
    assert not torch.allclose(found, whole, atol=1e-4)


def test_no_evidence_at_all(tiny_model, scenes):
    torch.nn.init.constant_(tiny_model.decode_head.conv_seg.weight, -1.0)
    maps = EvidenceMaps(ModelFacts.of(tiny_model), scenes[0])
    weights = tiny_model.decode_head.class_weights.detach()
    assert not evidence_shares(maps, weights, ALL).any()
