"""Prototypes, groups and classifier in mmproto's order."""

import numpy as np
import pytest
import torch
from golden import golden
from public_models import PublicHead

from mmproto.model_conversion.head import convert_head


def mmproto_logits(head, maps, size):
    """Logits (B,H,W,C) of latents (B,S,D,H,W), by mmproto's formulas.

    Prototype ``p`` belongs to scale ``p // size % S``; a class owns the same
    number of prototypes and of groups, in a row.
    """
    head = {name: value.double().numpy() for name, value in head.items()}
    vectors, kept = (
        head['prototype_layer.vectors'],
        head['prototype_layer.kept'],
    )
    activations = []
    for p, vector in enumerate(vectors):
        latents = maps[:, p // size % maps.shape[1]]  # B,D,H,W
        distance = ((latents - vector[:, None, None]) ** 2).sum(axis=1)
        similarity = np.log((distance + 1) / (distance + 1e-4))
        activations.append(similarity * kept[p])
    concepts = np.stack(activations, axis=-1)  # B,H,W,P
    if 'concept_pooling.weight' in head:
        weight = head['concept_pooling.weight']  # C,G,P/C
        parts = np.split(concepts, len(weight), axis=-1)
        mixed = [part @ w.T for part, w in zip(parts, weight)]
        concepts = np.exp(np.concatenate(mixed, axis=-1))  # B,H,W,K
    return concepts @ head['conv_seg.weight'][:, :, 0, 0].T


def array(case, name):
    return case.input(name).detach()


def scale_maps(case):
    features = array(case, 'features').double().numpy()
    scales = len(case['in_scale_ranges'])
    batch, channels, *size = features.shape
    return features.reshape(batch, scales, channels // scales, *size)


def scale_ranges(case):
    return dict(enumerate(case['in_scale_ranges'].tolist()))


def shares(case):
    """Number of prototypes at each scale of each class (S,C)."""
    identity = case['in_class_identity']
    ranges = case['in_scale_ranges'].tolist()
    return torch.stack([identity[a:b].sum(dim=0) for a, b in ranges])


@golden('protoseg_forward')
def test_protoseg_gives_the_public_logits(case):
    vectors = array(case, 'prototypes')
    number, classes = len(vectors), int(case['in_num_classes'])
    kept = np.setdiff1d(np.arange(number), case['in_pruned'].numpy())
    state = {
        'prototype_vectors': vectors[kept],
        'last_layer.weight': case['out_last_layer_weight'].to(case.dtype),
    }
    size = number // classes
    head = convert_head(state, 1, size, case['out_class_identity'])
    assert len(head['prototype_layer.vectors']) == number
    assert int(head['prototype_layer.kept'].sum()) == len(kept)
    features = array(case, 'features').double().numpy()[:, None]  # B,1,D,H,W
    logits = mmproto_logits(head, features, size)
    case.check(torch.from_numpy(logits).to(case.dtype), 'out_logits')


@golden('scaleprotoseg_distances')
@pytest.mark.parametrize('exported', [True, False])
def test_scaleprotoseg_gives_the_public_logits(case, exported):
    state = {
        'prototype_vectors': array(case, 'prototypes'),
        'last_layer.weight': case['out_last_layer_weight'].to(case.dtype),
    }
    numbers = shares(case)
    scales, size = len(case['in_scale_ranges']), int(numbers.max())
    identity, ranges = case['in_class_identity'], scale_ranges(case)
    if not exported:
        identity = ranges = None
        if (numbers < size).any():
            with pytest.raises(ValueError, match='has to be exported'):
                convert_head(state, scales, size)
            return
    head = convert_head(state, scales, size, identity, ranges)
    logits = mmproto_logits(head, scale_maps(case), size)
    case.check(torch.from_numpy(logits).to(case.dtype), 'out_logits')


@golden('scaleprotoseg_group_forward')
def test_groups_give_the_public_logits(case):
    numbers = shares(case)  # S,C
    classes, size = numbers.shape[1], int(numbers.max())
    state = {
        f'group_projection.{i}.weight': array(case, f'group_weight_{i}')
        for i in range(int(numbers.any(dim=0).sum()))
    }
    state['prototype_vectors'] = array(case, 'prototypes')
    state['last_layer_group.weight'] = case['out_last_layer_weight'].to(
        case.dtype
    )
    ranges = scale_ranges(case)
    head = convert_head(
        state, len(ranges), size, case['in_class_identity'], ranges
    )
    groups = int(case['in_num_groups'])
    assert head['conv_seg.weight'].shape == (classes, classes * groups, 1, 1)
    logits = mmproto_logits(head, scale_maps(case), size)
    case.check(torch.from_numpy(logits).to(case.dtype), 'out_logits')


# of 5 classes at 3 scales, 2 each: class 1 loses all its prototypes, scale 0
# those of its last two classes, so that no descent shows where scale 1 begins
HIDDEN = (2, 3, 12, 13, 22, 23, 6, 7, 8, 9, 10, 11)


@pytest.mark.parametrize('groups', [0, 2])
@pytest.mark.parametrize(
    ('pruned', 'ranges'), [((2, 3, 12, 13, 22, 23, 5, 29), None), (HIDDEN, 1)]
)
def test_pruned_models_give_the_public_logits(groups, pruned, ranges):
    public = PublicHead(5, 3, 2, channels=4, groups=groups, pruned=pruned)
    head = convert_head(
        public.state, 3, 2, public.identity, ranges and public.ranges
    )
    assert head['prototype_layer.kept'].view(5, 3, 2).any(2).any(
        1
    ).tolist() == [
        True,
        False,
        True,
        True,
        True,
    ]
    absent = ~head['prototype_layer.kept']
    assert head['prototype_layer.vectors'][absent].abs().sum() == 0
    maps = torch.rand(2, 3, 4, 3, 5)
    expected = public.forward(maps.unbind(1)).permute(0, 2, 3, 1)
    logits = torch.from_numpy(mmproto_logits(head, maps.numpy(), 2)).float()
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_prototypes_are_sorted_by_class_then_scale_then_number():
    public = PublicHead(3, 2, 2, channels=1)
    vectors = torch.arange(12.0).view(12, 1, 1, 1)  # public row
    head = convert_head(public.state | dict(prototype_vectors=vectors), 2, 2)
    rows = [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]
    assert head['prototype_layer.vectors'].flatten().tolist() == rows
    weight = head['conv_seg.weight'][:, :, 0, 0]
    assert torch.equal(weight, public.state['last_layer.weight'][:, rows])


def test_border_of_scales_that_pruning_hid_has_to_be_exported():
    public = PublicHead(5, 3, 2, channels=4, pruned=HIDDEN)
    with pytest.raises(ValueError, match='scale_num_prototypes has to be'):
        convert_head(public.state, 3, 2, public.identity)
    with pytest.raises(ValueError, match='among scales 0 to 2, got'):
        wrong = {0: (0, 5), 1: (5, 9)}
        convert_head(public.state, 3, 2, public.identity, wrong)


def test_pruned_model_needs_its_class_identity():
    public = PublicHead(4, 1, 10, channels=4, pruned=(3,))
    with pytest.raises(ValueError, match='39 prototypes.*has to be exported'):
        convert_head(public.state, 1, 10)
    # 36 = 4 * 9 would share out evenly, to the wrong classes
    public = PublicHead(4, 1, 10, channels=4, pruned=(0, 1, 2, 3))
    with pytest.raises(ValueError, match='36 prototypes.*has to be exported'):
        convert_head(public.state, 1, 10)


def test_wrong_class_identity_is_refused():
    public = PublicHead(4, 1, 2, channels=4)
    for wrong in (
        public.identity[:5],
        public.identity * 0,
        public.identity / 2,
    ):
        with pytest.raises(ValueError, match='one-hot rows of shape'):
            convert_head(public.state, 1, 2, wrong)
    with pytest.raises(ValueError, match='2 prototypes at a scale, more than'):
        convert_head(public.state, 1, 1, public.identity)


def test_models_of_the_other_kind_are_refused():
    one, four = PublicHead(3, 1, 4), PublicHead(3, 4, 1)
    with pytest.raises(ValueError, match='0 times, these 3 times'):
        convert_head(four.state, 1, 4, four.identity)
    with pytest.raises(ValueError, match='3 times, these 0 times'):
        convert_head(one.state, 4, 4, one.identity)


@pytest.mark.parametrize(
    ('name', 'shape', 'message'),
    [
        ('last_layer_group.weight', (3, 5), r'in place of \(3, 6\)'),
        ('group_projection.1.weight', (2, 7), r'in place of \(2, 8\)'),
        ('group_projection.2.weight', None, '1 missing: group_projection.2'),
        ('group_projection.3.weight', (2, 8), '1 unexpected: group_proj'),
    ],
)
def test_wrong_groups_are_refused(name, shape, message):
    state = dict(PublicHead(3, 4, 2, channels=4, groups=2).state)
    state.pop(name, None)
    if shape:
        state[name] = torch.zeros(shape)
    with pytest.raises(ValueError, match=message):
        convert_head(state, 4, 2)
