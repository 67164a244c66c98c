"""Prototypes that repeat others or stand for another class go for good."""

import pytest
import torch

from mmproto.models import PrototypeHead
from mmproto.prototypes.pruning import prune_prototypes


def make_head(concepts=6, **options):
    torch.manual_seed(0)
    options = (
        dict(
            prototype_layer=dict(type='mmproto.DistancePrototypes'),
            classifier=dict(type='mmproto.ClassSpecificConv2d'),
            link='softmax',
        )
        | options
    )
    return PrototypeHead(4, 4, 3, concepts, **options).eval()


def record_of(labels):
    """Make a projection record whose patches have these labels."""
    prototypes = [
        dict(prototype=p, patches=[dict(label=label) for label in own])
        for p, own in enumerate(labels)
    ]
    return dict(topk=4, prototypes=prototypes)


OWN = [[0] * 4, [0] * 4, [1] * 4, [1] * 4, [2] * 4, [2] * 4]


def test_those_that_seldom_show_their_class_go():
    head = make_head()
    labels = [*OWN]
    labels[1] = [0, 1, 0, 255]  # two of three, and of four
    labels[2] = [0, 1, 255, 1]  # one of three, two of four
    labels[5] = []  # no place at all
    assert prune_prototypes(head, record_of(labels), 3, 2) == [2, 5]
    assert prune_prototypes(head, record_of(labels), 4, 2) == []
    assert prune_prototypes(head, record_of(labels), 4, 3) == [1]
    kept = head.prototype_layer.kept.tolist()
    assert kept == [True, False, False, True, True, False]


def test_of_those_that_became_the_same_latent_one_stays():
    head = make_head()
    vectors = head.prototype_layer.vectors.detach().clone()
    vectors[1] = vectors[0]
    vectors[2] = vectors[0]  # of another class
    vectors[5] = vectors[4] + 1e-6
    head.prototype_layer.set_vectors(vectors)
    assert prune_prototypes(head, record_of(OWN), 4, 3) == [1]


def test_evidence_is_that_of_the_prototypes_left_also_when_saved():
    head = make_head()
    labels = [*OWN]
    labels[0] = labels[3] = [255] * 4
    prune_prototypes(head, record_of(labels), 4, 3)
    maps = [torch.rand(2, 4, 5, 6)]
    left = [1, 2, 4, 5]
    vectors = head.prototype_layer.vectors[left]
    difference = maps[0][:, None] - vectors[None, :, :, None, None]
    d = difference.square().sum(dim=2)  # N,p,H,W
    similarity = ((d + 1) / (d + 1e-4)).log()
    weight = torch.where(
        torch.tensor([0, 1, 2, 2]) == torch.arange(3)[:, None], 1.0, -0.5
    )
    expected = torch.einsum('cp,nphw->nchw', weight, similarity)
    torch.testing.assert_close(head(maps), expected)
    assert (head.class_weights[:, [0, 3]] == 0).all()
    other = make_head()
    other.load_state_dict(head.state_dict())
    torch.testing.assert_close(other(maps), expected)


def test_groups_of_a_class_without_prototypes_have_no_weight():
    head = make_head(
        concepts=6,
        prototypes_per_concept=2,
        concept_pooling=dict(type='mmproto.SimplexGroups'),
    )
    labels = [[p // 4] * 4 for p in range(12)]
    for gone in (4, 5, 6, 7, 9):  # all of the second class, one of the third
        labels[gone] = [255] * 4
    prune_prototypes(head, record_of(labels), 4, 3)
    weight = head.concept_pooling.weight.detach()
    assert (weight[1] == 0).all() and (weight[2, :, 1] == 0).all()
    torch.testing.assert_close(weight[[0, 2]].sum(dim=2), torch.ones(2, 2))
    assert (head.class_weights[:, 2:4] == 0).all()
    assert (head.class_weights[:, [0, 1, 4, 5]] != 0).all()


@pytest.mark.parametrize(
    ('options', 'numbers', 'words'),
    [
        (dict(prototype_layer={}), (4, 3), 'CosinePrototypes'),
        ({}, (5, 3), 'topk=4'),
        ({}, (3, 4), 'at_least=4'),
        ({}, (3, 0), 'at_least=0'),
    ],
)
def test_bad_input_is_named(options, numbers, words):
    head = make_head(**options)
    with pytest.raises(ValueError, match=words):
        prune_prototypes(head, record_of(OWN), *numbers)
