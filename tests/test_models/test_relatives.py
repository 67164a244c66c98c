"""The head in the shapes of its relatives, against the original codes."""

import numpy as np
import originals
import pytest
import torch
from golden import golden

from mmproto.models import (
    ClassSpecificConv2d,
    DistancePrototypes,
    PrototypeHead,
    SeparateASPP,
    SimplexGroups,
)
from mmproto.models.decode_heads.simplex_groups import project_on_simplex


def class_major(identity, ranges):
    """Order in which rows of the originals (scale-major) are ours."""
    scale = np.zeros(len(identity), int)
    for index, (start, end) in enumerate(ranges):
        scale[start:end] = index
    return np.lexsort((np.arange(len(scale)), scale, identity.argmax(1)))


def shares(identity, ranges):
    """Number of prototypes of each class at each scale (C,S)."""
    numbers = [identity[start:end].sum(axis=0) for start, end in ranges]
    return np.stack(numbers, axis=1).astype(int)


def class_head(case, prototypes, num_classes, **options):
    """A head of class-specific concepts with the case's prototypes."""
    number, channels = prototypes.shape
    options = dict(num_concepts=number) | options
    layer = dict(type='mmproto.DistancePrototypes')
    layer |= options.pop('prototype_layer', {})
    classifier = dict(type='mmproto.ClassSpecificConv2d')
    classifier['concepts'] = options.pop('concepts', None)
    head = PrototypeHead(
        channels,
        channels,
        num_classes,
        prototype_layer=layer,
        classifier=classifier,
        link='softmax',
        **options,
    ).to(case.dtype)
    head.prototype_layer.set_vectors(prototypes.detach())
    return head.eval()


@golden('protopnet_last_layer_init')
def test_golden_last_layer_begins_with_one_and_minus_a_half(case):
    sizes = int(case['in_num_prototypes']), int(case['in_num_classes'])
    layer = ClassSpecificConv2d(*sizes, float(case['in_incorrect_strength']))
    identity = case['out_class_identity']
    np.testing.assert_array_equal(layer.owners, identity.argmax(dim=1))
    weight = layer.weight[:, :, 0, 0].detach().double()
    np.testing.assert_array_equal(weight, case['out_weight'])


@golden('protoseg_forward')
def test_golden_protoseg_with_pruned_prototypes(case):
    prototypes = case.input('prototypes').flatten(1)
    pruned = case['in_pruned'].tolist()
    left = [p for p in range(len(prototypes)) if p not in pruned]
    head = class_head(case, prototypes, int(case['in_num_classes']))
    head.prototype_layer.kept[pruned] = False
    if len(case['in_last_layer_weight']):
        weight = case['in_last_layer_weight'].to(case.dtype)
        head.conv_seg.weight.data[:, :, 0, 0] = weight
    features = case.input('features')
    activations, _ = head.activations([features])
    np.testing.assert_array_equal(activations[:, pruned].detach(), 0)
    distances = head.prototype_layer.distances(features[:, None])[:, 0]
    assert distances[:, pruned].isinf().all()
    if case.dtype == torch.float64:  # a pixel equals a prototype
        case.check(distances[:, left], 'out_distances')
        flat = activations[:, left].permute(0, 2, 3, 1).flatten(0, 2)
        case.check(flat, 'out_activations')
        case.check(head([features]).permute(0, 2, 3, 1), 'out_logits')


@golden('scaleprotoseg_distances')
def test_golden_prototypes_meet_their_own_scale(case):
    prototypes = case.input('prototypes').flatten(1)
    ranges = case['in_scale_ranges']
    identity = case['in_class_identity']
    order = class_major(identity.numpy(), ranges.tolist())
    numbers = shares(identity.numpy(), ranges.tolist())
    classes, scales = numbers.shape
    head = class_head(
        case,
        prototypes[order],
        classes,
        prototype_layer=dict(per_scale=numbers.flatten().tolist()),
        concepts=numbers.sum(axis=1).tolist(),
    )
    maps = case.input('features').chunk(scales, dim=1)
    latents = head.stack_scales(maps)
    distances = head.prototype_layer.distances(latents)
    assert (distances.isfinite().sum(dim=1) == 1).all()
    expected = case['out_distances'][:, order]
    close = dict(rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(
        distances.amin(dim=1).detach().double(), expected, **close
    )
    logits = head(maps).permute(0, 2, 3, 1).detach().double()
    np.testing.assert_allclose(logits, case['out_logits'], **close)
    _, scale = head.activations(maps)
    own = np.zeros(len(identity), int)
    for index, (start, end) in enumerate(ranges.tolist()):
        own[start:end] = index
    np.testing.assert_array_equal(scale[0, :, 0, 0], own[order])


@golden('scaleprotoseg_group_forward')
def test_golden_groups_of_prototypes(case):
    prototypes = case.input('prototypes').flatten(1)
    ranges, groups = case['in_scale_ranges'], int(case['in_num_groups'])
    identity = case['in_class_identity']
    order = class_major(identity.numpy(), ranges.tolist())
    numbers = shares(identity.numpy(), ranges.tolist())
    scales, sizes = len(ranges), numbers.sum(axis=1).tolist()
    concepts = [groups * (size > 0) for size in sizes]
    head = class_head(
        case,
        prototypes[order],
        len(sizes),
        num_concepts=sum(concepts),
        concepts=concepts,
        prototype_layer=dict(per_scale=numbers.flatten().tolist()),
        concept_pooling=dict(type='mmproto.SimplexGroups', prototypes=sizes),
    )
    for index, weight in enumerate(head.concept_pooling.group_weights):
        weight.data.copy_(case[f'in_group_weight_{index}'])
    if len(case['in_last_layer_weight']):
        weight = case['in_last_layer_weight'].to(case.dtype)
        head.conv_seg.weight.data[:, :, 0, 0] = weight
    maps = case.input('features').chunk(scales, dim=1)
    activations, scale, exponents = head.activations(maps, per_scale=True)
    flat = activations.permute(0, 2, 3, 1).flatten(0, 2)
    case.check(flat, 'out_group_activation')
    logits = head(maps).permute(0, 2, 3, 1)
    if case.dtype == torch.float64:
        case.check(logits, 'out_logits')
    else:  # where terms cancel, no float32 code can meet the tolerance
        expected = case.arrays['out_logits']
        error = abs(logits.detach().double().numpy() - expected)
        single = abs(logits_in_float32(case) - expected).max()
        close = 1e-6 + 2e-5 * abs(expected)
        assert (error <= np.maximum(close, single)).all()
    # every scale's share in the exponent, and the largest of them
    whole = exponents.double().sum(dim=1).exp().to(case.dtype)
    torch.testing.assert_close(whole, activations)
    assert torch.equal(scale, exponents.argmax(dim=1))


def logits_in_float32(case):
    """Logits (B,H,W,C) of the original's formulas in single precision."""
    owners = case['in_class_identity'].argmax(dim=1).tolist()
    starts, ends = case['in_scale_ranges'].mT
    scales = torch.arange(len(starts)).repeat_interleave(ends - starts)
    classes = len(set(owners))
    similarity = originals.log_similarity_in_float32(
        case.arrays['in_features'],
        case.arrays['in_prototypes'][:, :, 0, 0],
        scales.tolist(),
    )
    weights = [
        case.arrays[f'in_group_weight_{i}'].astype(np.float32)
        for i in range(classes)
    ]
    groups = originals.group_activations(similarity, weights, owners)
    weight = case.arrays['out_last_layer_weight'].astype(np.float32)
    return originals.scores(groups, weight).transpose(0, 2, 3, 1)


@golden('scaleprotoseg_projection_simplex')
def test_golden_projection_on_the_simplex(case):
    radius = case['in_z'].item()
    case.check(project_on_simplex(case.input('v'), radius), 'out_w')


def test_pruned_prototypes_get_no_weight_on_the_simplex():
    groups = SimplexGroups(2, 3, 4)
    groups.weight.data = torch.randn(2, 3, 4)
    kept = torch.tensor([1, 0, 1, 1, 0, 0, 0, 0]).bool()
    expected = project_on_simplex(groups.weight[0, :, [0, 2, 3]])
    groups.project(kept)
    torch.testing.assert_close(groups.weight[0, :, [0, 2, 3]], expected)
    assert (groups.weight[0, :, 1] == 0).all()
    assert (groups.weight[1] == 0).all()


@golden('pipnet_inference')
def test_golden_scores_below_a_tenth_are_cut_in_evaluation(case):
    features, weight = case.input('features'), case.input('weight')
    head = PrototypeHead(
        features.shape[1],
        features.shape[1],
        len(weight),
        features.shape[1],
        prototype_layer=dict(type='mmproto.SoftmaxConcepts', add_on=False),
        link='log1p_square',
        inference_cut=float(case['in_threshold']),
    ).to(case.dtype)
    head.conv_seg.weight.data[:, :, 0, 0] = weight.detach()
    if str(case.arrays['in_add_on']) != 'softmax':
        head.prototype_layer = Given()
    pooled, maps = head.train().pool_concepts(features[:, None])
    case.check(pooled.amax(dim=(2, 3)), 'out_pooled')
    pooled, _ = head.eval().pool_concepts(features[:, None])
    peaks = pooled.amax(dim=(2, 3))  # of a whole image, as PIP-Net has it
    if case.dtype == torch.float64:  # 0.1 is another number in float32
        case.check(peaks, 'out_pooled_inference')
        evidence = head.cls_seg(peaks[:, :, None, None])[:, :, 0, 0]
        case.check(evidence, 'out_out_inference')


class Given(torch.nn.Module):
    """A prototype layer whose activations are the latents."""

    def forward(self, latents):
        return latents


def test_separate_branches_are_convolutions_of_their_own():
    torch.manual_seed(0)
    neck = SeparateASPP(3, 4, (1, 2), act_cfg=dict(type='Sigmoid'))
    x = torch.randn(2, 3, 6, 7)
    for scale, branch in enumerate(neck.branches):
        kernel = branch.conv.weight.detach().double().numpy()
        out = convolve(x.double().numpy(), kernel, (1, 2)[scale])
        out += branch.conv.bias.detach().numpy()[:, None, None]
        np.testing.assert_allclose(
            neck([x])[scale].detach(), 1 / (1 + np.exp(-out)), rtol=1e-5
        )
    neck.activate = torch.nn.Identity()
    maps = neck([x])
    assert neck.dilations == (1, 2)
    summed = SeparateASPP(3, 4, (1, 2), fusion='sum')
    summed.load_state_dict(neck.state_dict())
    (fused,) = summed([x])
    torch.testing.assert_close(fused, maps[0] + maps[1])
    assert summed.dilations is None  # of no one rate


def convolve(x, kernel, rate):
    """Dilated convolution with zeros around, tap by tap."""
    reach = rate * (kernel.shape[2] // 2)
    padded = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    rows, columns = x.shape[2:]
    out = 0
    for i, j in np.ndindex(kernel.shape[2:]):
        window = padded[:, :, i * rate :, j * rate :][:, :, :rows, :columns]
        out = out + np.einsum('dc,nchw->ndhw', kernel[:, :, i, j], window)
    return out


SIGNED = dict(type='mmproto.ClassSpecificConv2d')
GROUPS = dict(type='mmproto.SimplexGroups')


@pytest.mark.parametrize(
    ('build', 'words'),
    [
        (lambda: PrototypeHead(4, 4, 3, 6, classifier=SIGNED), "'share'"),
        (
            lambda: PrototypeHead(
                4, 4, 3, 7, classifier=SIGNED, link='softmax'
            ),
            '7 concepts',
        ),
        (
            lambda: PrototypeHead(4, 4, 3, 7, concept_pooling=GROUPS),
            '7 groups',
        ),
        (lambda: PrototypeHead(4, 4, 3, 6, inference_cut=-1), 'inference_cut'),
        (lambda: DistancePrototypes(6, 4, per_scale=0), 'per_scale'),
        (
            lambda: DistancePrototypes(6, 4, activation='linear', per_scale=1),
            "activation='log'",
        ),
        (
            lambda: DistancePrototypes(6, 4, per_scale=4)(
                torch.rand(1, 2, 4, 3, 3)
            ),
            'share out',
        ),
        (lambda: SeparateASPP(3, 4, (1, 2), fusion='mean'), 'fusion'),
        (lambda: SeparateASPP(3, 4, ()), 'SeparateASPP got dilations'),
    ],
)
def test_bad_input_is_named(build, words):
    with pytest.raises(ValueError, match=words):
        build()
