"""Random shapes and arguments: heads against the formulas, one by one."""

import numpy as np
import originals
import pytest
import torch
import torch.nn.functional as F
from draws import Draw, both, close, examples, seeds, sizes, tensor
from golden import OUTPUT
from hypothesis import given, settings
from hypothesis import strategies as st

from mmproto.engine.hooks.simplex_hook import project_groups
from mmproto.engine.weight_pruning import proximal_step
from mmproto.models import (
    ClassSpecificConv2d,
    DistancePrototypes,
    NonNegativeConv2d,
    PrototypeHead,
    SharedASPP,
    SimplexGroups,
    SoftmaxConcepts,
)
from mmproto.models.decode_heads.links import LINKS
from mmproto.models.decode_heads.simplex_groups import project_on_simplex


@both
@examples
@given(seed=seeds, classes=sizes, multiplier=st.floats(1, 5))
def test_pipnet_link(dtype, seed, classes, multiplier):
    draw = Draw(seed)
    evidence = draw.uniform(3, classes, high=9) * draw.rng.integers(
        0, 2, (3, classes)
    )
    logits = LINKS['log1p_square'](tensor(evidence, dtype), multiplier)
    expected = originals.class_logits(evidence, multiplier)
    close(logits, expected, dtype)
    labels = draw.rng.integers(0, classes, 3)
    loss = F.cross_entropy(logits, torch.tensor(labels))
    close(loss, originals.cross_entropy(expected, labels), dtype)
    head = PrototypeHead(
        2, 2, classes, 2, link='log1p_square', sharpness=multiplier
    )
    shares = head.probabilities(tensor(evidence, dtype)[:, :, None, None])
    close(shares[:, :, 0, 0], originals.softmax(expected, 1), dtype)


@both
@examples
@given(seed=seeds, sharpness=st.floats(0.5, 6))
def test_share_of_sharpened_evidence(dtype, seed, sharpness):
    evidence = Draw(seed).uniform(2, 3, 2, 2, low=2**-8, high=4)
    head = PrototypeHead(2, 2, 3, 2, sharpness=sharpness)
    power = evidence**sharpness
    expected = power / power.sum(axis=1, keepdims=True)
    close(head.probabilities(tensor(evidence, dtype)), expected, dtype)


@examples
@given(seed=seeds, multiplier=st.floats(1, 5))
def test_pipnet_link_gradient(seed, multiplier):
    evidence = tensor(Draw(seed).uniform(2, 3, high=3), torch.float64) + 0.01
    link = LINKS['log1p_square']
    assert torch.autograd.gradcheck(
        lambda x: link(x, multiplier), evidence.requires_grad_()
    )


@both
@examples
@given(seed=seeds, columns=sizes, radius=st.floats(0.125, 8), high=sizes)
def test_scaleprotoseg_projection(dtype, seed, columns, radius, high):
    points = Draw(seed).uniform(5, columns, low=-high, high=high)
    points[0] = points[0, 0]  # ties
    expected = [originals.project_simplex(row, radius) for row in points]
    found = project_on_simplex(tensor(points, dtype), radius)
    close(found, np.stack(expected), dtype)


def table(draw, classes, scales):
    """Prototypes of each class at each scale; some 0, not all."""
    numbers = draw.rng.integers(0, 3, (classes, scales))
    numbers[draw.rng.integers(classes)] *= draw.rng.integers(2)
    if not numbers.any():
        numbers[-1, -1] = 1
    return numbers


def owners_and_scales(numbers):
    """Class and scale of each prototype, class by class."""
    classes, scales = np.indices(numbers.shape)
    repeats = numbers.flatten()
    return (
        classes.flatten().repeat(repeats),
        scales.flatten().repeat(repeats),
    )


def relative(numbers, channels, groups=0, **pooling):
    """A head of ScaleProtoSeg, with groups or without."""
    sizes = numbers.sum(axis=1).tolist()
    concepts = [groups * (n > 0) for n in sizes] if groups else sizes
    if groups:
        pooling |= dict(type='mmproto.SimplexGroups', prototypes=sizes)
    return PrototypeHead(
        channels,
        channels,
        len(sizes),
        sum(concepts),
        prototype_layer=dict(
            type='mmproto.DistancePrototypes',
            per_scale=numbers.flatten().tolist(),
        ),
        classifier=dict(type='mmproto.ClassSpecificConv2d', concepts=concepts),
        concept_pooling=pooling or None,
        link='softmax',
    )


@both
@examples
@given(seed=seeds, classes=sizes, scales=sizes, channels=sizes)
def test_scaleprotoseg_distances(dtype, seed, classes, scales, channels):
    draw = Draw(seed)
    numbers = table(draw, classes, scales)
    owners, bound = owners_and_scales(numbers)
    prototypes = draw.uniform(len(owners), channels)
    features = draw.uniform(2, scales * channels, 2, 3)
    head = relative(numbers, channels).to(dtype)
    head.prototype_layer.set_vectors(tensor(prototypes, dtype))
    maps = tensor(features, dtype).chunk(scales, dim=1)
    distances = head.prototype_layer.distances(head.stack_scales(maps))
    assert (distances.isfinite().sum(dim=1) == 1).all()
    expected = originals.scale_distances(features, prototypes, bound)
    close(distances.amin(dim=1), expected, dtype)
    weight = originals.first_last_layer(owners, classes)
    similarity = originals.log_similarity(expected)
    close(head(maps), originals.scores(similarity, weight), dtype)


@both
@examples
@given(seed=seeds, classes=sizes, scales=sizes, groups=sizes, total=sizes)
def test_scaleprotoseg_groups(dtype, seed, classes, scales, groups, total):
    draw = Draw(seed)
    numbers = table(draw, classes, scales)
    owners, bound = owners_and_scales(numbers)
    prototypes = draw.uniform(len(owners), 3)
    features = draw.uniform(2, scales * 3, 2, 3)
    features[0, :3, 0, 0] = prototypes[0]  # at scale 0: a match, if there
    weights = [draw.shares(groups, n) for n in numbers.sum(axis=1) if n]
    weights = [weight * total for weight in weights]
    last = draw.uniform(classes, groups * len(weights), low=-1)
    head = relative(numbers, 3, groups).to(dtype)
    head.prototype_layer.set_vectors(tensor(prototypes, dtype))
    for own, weight in zip(head.concept_pooling.group_weights, weights):
        own.data.copy_(tensor(weight, dtype))
    head.conv_seg.weight.data[:, :, 0, 0] = tensor(last, dtype)
    maps = tensor(features, dtype).chunk(scales, dim=1)
    distances = originals.scale_distances(features, prototypes, bound)
    expected = originals.group_activations(
        originals.log_similarity(distances), weights, owners
    )
    activations, scale, exponents = head.activations(maps, per_scale=True)
    close(activations, expected, dtype)
    # exponents grow with the total, and so do their rounding errors
    tolerances = dict(rtol=1.3e-6 * total, atol=1e-5)
    whole = exponents.double().sum(dim=1).exp()
    torch.testing.assert_close(whole, activations.double(), **tolerances)
    assert torch.equal(scale, exponents.argmax(dim=1))
    logits = head(maps).detach().double().numpy()
    error = abs(logits - originals.scores(expected, last))
    rtol, atol = OUTPUT[dtype]
    # rounding errors of terms that cancel do not shrink with their sum
    bound = originals.scores(expected, abs(last))
    assert (error <= atol + rtol * total / 20 * bound).all()


@examples
@given(seed=seeds)
def test_group_activations_beat_the_original_in_float32(seed):
    draw = Draw(seed)
    numbers = np.full((2, 4), 6)  # many: rounding errors of the sum show
    owners, bound = owners_and_scales(numbers)
    prototypes = draw.uniform(48, 4, high=0.25)
    features = draw.uniform(2, 16, 4, 4, high=0.25)
    weights = list(draw.uniform(2, 3, 24, low=0.9, high=1.1) / 32)
    head = relative(numbers, 4, groups=3)
    head.prototype_layer.set_vectors(tensor(prototypes, torch.float32))
    for own, weight in zip(head.concept_pooling.group_weights, weights):
        own.data.copy_(tensor(weight, torch.float32))
    exact = originals.log_similarity(
        originals.scale_distances(features, prototypes, bound)
    )
    expected = originals.group_activations(exact, weights, owners)
    single = originals.group_activations(
        originals.log_similarity_in_float32(features, prototypes, bound),
        [weight.astype(np.float32) for weight in weights],
        owners,
    )
    assert single.dtype == np.float32
    maps = tensor(features, torch.float32).chunk(4, dim=1)
    ours = head.activations(maps)[0].detach().double().numpy()
    error = abs(ours - expected) / expected
    assert error.max() <= (abs(single - expected) / expected).max()
    assert error.max() < 2.5e-7  # two units in the last place


@both
@examples
@given(seed=seeds, classes=sizes, groups=sizes, radius=st.floats(0.25, 4))
def test_simplex_hook(dtype, seed, classes, groups, radius):
    draw = Draw(seed)
    numbers = table(draw, classes, 2)
    head = relative(numbers, 3, groups, radius=radius).to(dtype)
    kept = torch.tensor(draw.rng.random(numbers.sum()) < 0.7)
    head.prototype_layer.kept.copy_(kept)
    pooling = head.concept_pooling
    pooling.weight.data.normal_(generator=torch.manual_seed(seed))
    before = [own.detach().clone() for own in pooling.group_weights]
    project_groups(head)
    parts = kept.split([own.shape[1] for own in before])
    for own, old, left in zip(pooling.group_weights, before, parts):
        assert (own[:, ~left] == 0).all()
        for row, values in zip(own, old.double().numpy()):
            if left.any():
                expected = originals.project_simplex(
                    values[left.numpy()], radius
                )
                close(row[left], expected, dtype)


def test_groups_of_some_classes_share_gradients():
    torch.manual_seed(0)
    pooling = SimplexGroups(3, 2, [3, 0, 1]).double()
    maps = torch.rand(1, 4, 2, 2).double().requires_grad_()

    def mix(maps, weight):
        return torch.func.functional_call(pooling, {'weight': weight}, (maps,))

    assert torch.autograd.gradcheck(mix, (maps, pooling.weight.detach()))
    assert pooling(maps).shape == (1, 4, 2, 2)
    # the one prototype of class 2 is in its first group, of classes 0 and 2
    assert pooling.owners[-1] == 2 and (pooling.owners[:3] < 2).all()


@examples
@given(seed=seeds, classes=sizes, other=st.floats(-1, 1))
def test_protopnet_last_layer(seed, classes, other):
    numbers = Draw(seed).rng.integers(0, 4, classes)
    numbers[0] += not numbers.any()
    owners = np.arange(classes).repeat(numbers)
    layer = ClassSpecificConv2d(
        len(owners), classes, other, concepts=numbers.tolist()
    )
    np.testing.assert_array_equal(layer.owners, owners)
    expected = originals.first_last_layer(owners, classes, other)
    close(layer.weight[:, :, 0, 0], expected, torch.float32)


@both
@examples
@given(seed=seeds, number=sizes, channels=sizes, epsilon=st.floats(1e-4, 0.5))
def test_protopnet_similarity(dtype, seed, number, channels, epsilon):
    draw = Draw(seed)
    prototypes = draw.uniform(number, channels, low=-3, high=3)
    features = draw.uniform(2, channels, 2, 2, low=-3, high=3)
    features[0, :, 0, 0] = prototypes[0]
    distances = originals.squared_distances(features, prototypes)
    for activation, expected in (
        ('log', originals.log_similarity(distances, epsilon)),
        ('linear', -distances),
    ):
        layer = DistancePrototypes(number, channels, activation, epsilon)
        layer = layer.to(dtype)
        layer.set_vectors(tensor(prototypes, dtype))
        close(layer(tensor(features, dtype)[:, None])[:, 0], expected, dtype)


@both
@examples
@given(seed=seeds, classes=sizes, concepts=sizes)
def test_pipnet_non_negative_linear(dtype, seed, classes, concepts):
    draw = Draw(seed)
    x = draw.uniform(3, concepts)
    weight = draw.uniform(classes, concepts, low=-1)
    layer = NonNegativeConv2d(concepts, classes).to(dtype)
    layer.weight.data[:, :, 0, 0] = tensor(weight, dtype)
    found = layer(tensor(x, dtype)[:, :, None, None])[:, :, 0, 0]
    close(found, originals.non_negative_linear(x, weight), dtype)


@both
@examples
@given(seed=seeds, classes=sizes, concepts=sizes, cut=st.floats(0, 0.9))
def test_pipnet_inference(dtype, seed, classes, concepts, cut):
    draw = Draw(seed)
    logits = draw.uniform(2, concepts, 3, 2, low=-4, high=4)
    weight = draw.uniform(classes, concepts, low=-1)
    head = PrototypeHead(
        concepts,
        concepts,
        classes,
        concepts,
        prototype_layer=dict(type='mmproto.SoftmaxConcepts', add_on=False),
        inference_cut=cut,
    ).to(dtype)
    head.conv_seg.weight.data[:, :, 0, 0] = tensor(weight, dtype)
    maps = originals.softmax(logits, axis=1)
    peaks = maps.max(axis=(2, 3))
    near = abs(peaks - cut) < 1e-6  # on the other side in float32
    expected = np.where(peaks < cut, 0, peaks)
    given_maps = tensor(logits, dtype)[:, None]
    pooled, found = head.eval().pool_concepts(given_maps)
    close(found[:, 0], maps, dtype)
    if not near.any():
        cut_peaks = pooled.amax(dim=(2, 3))
        close(cut_peaks, expected, dtype)
        evidence = head.cls_seg(cut_peaks[:, :, None, None])[:, :, 0, 0]
        reference = originals.non_negative_linear(expected, weight)
        close(evidence, reference, dtype)


@both
@settings(examples, max_examples=10)
@given(
    seed=seeds,
    classes=sizes,
    concepts=sizes,
    rates=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    cut=st.sampled_from([0.0, 0.3]),
)
def test_reproseg_head(dtype, seed, classes, concepts, rates, cut):
    draw = Draw(seed)
    features = draw.uniform(2, 2, 4, 3, low=-1)
    kernel = draw.uniform(concepts, 2, 3, 3, low=-1)
    weight = draw.uniform(classes, concepts, low=-1)
    gain, shift, mean = draw.uniform(3, len(rates), concepts, low=-1)
    spread = draw.uniform(len(rates), concepts, low=0.5, high=2)
    neck = SharedASPP(2, concepts, rates).to(dtype)
    neck.conv.weight.data.copy_(tensor(kernel, dtype))
    head = PrototypeHead(
        concepts,
        concepts,
        classes,
        concepts,
        prototype_layer=dict(type='mmproto.SoftmaxConcepts', add_on=False),
        inference_cut=cut,
    ).to(dtype)
    head.conv_seg.weight.data[:, :, 0, 0] = tensor(weight, dtype)
    latents, expected = [], []
    for s, x in enumerate(neck((tensor(features, dtype),))):
        statistics = [tensor(v[s], dtype) for v in (mean, spread, gain, shift)]
        latents.append(F.batch_norm(x, *statistics, eps=1e-5).relu())
        y = originals.shared_convolution(features, kernel, rates[s])
        y = (y - mean[s][:, None, None]) / np.sqrt(
            spread[s][:, None, None] + 1e-5
        )
        y = y * gain[s][:, None, None] + shift[s][:, None, None]
        expected.append(originals.softmax(np.maximum(y, 0), axis=1))
    expected = np.stack(expected, axis=1).max(axis=1)
    near = abs(expected - cut) < 1e-5  # on the other side in float32
    expected = np.where(expected < cut, 0, expected)
    if not near.any():
        pooled, _ = head.eval().activations(latents)
        close(pooled, expected, dtype)
        evidence = originals.scores(expected, np.maximum(weight, 0))
        close(head(latents), evidence, dtype)


@both
@examples
@given(seed=seeds, rows=sizes, threshold=st.floats(0, 1), steps=sizes)
def test_pipnet_proximal_step(dtype, seed, rows, threshold, steps):
    weight = Draw(seed).uniform(rows, 3, low=-1, high=2)
    found, expected = tensor(weight, dtype), weight
    for _ in range(steps):
        proximal_step(found, threshold)
        expected = originals.proximal(expected, threshold)
    close(found, expected, dtype)


def test_softmax_concepts_start_from_logits():
    logits = Draw(0).uniform(2, 4, 3, 2, low=-5, high=5)
    layer = SoftmaxConcepts(4, 4, add_on=False)
    found = layer(tensor(logits, torch.float64)[:, None])[:, 0]
    close(found, originals.softmax(logits, axis=1), torch.float64)


@pytest.mark.parametrize(
    ('build', 'words'),
    [
        (lambda: SimplexGroups(3, 2, [1, 2]), 'for 3 classes'),
        (lambda: SimplexGroups(2, 2, [0, 0]), 'not 0 for all'),
        (lambda: SimplexGroups(2, 2, [3, -1]), 'at least 0'),
        (lambda: SimplexGroups(2, 2, 3, radius=0), 'radius is 0'),
        (lambda: ClassSpecificConv2d(4, 3, concepts=[2, 1]), 'sum to 4'),
        (lambda: ClassSpecificConv2d(4, 3, concepts=[2, 1, 0]), 'sum to 4'),
        (lambda: DistancePrototypes(4, 2, per_scale=[2, 1]), 'share out'),
        (lambda: DistancePrototypes(4, 2, per_scale=[5, -1]), 'share out'),
        (
            lambda: DistancePrototypes(4, 2, per_scale=[2, 1, 1]).compared(2),
            '2 scales',
        ),
        (lambda: PrototypeHead(2, 2, 3, 2, sharpness=0), 'sharpness'),
        (
            lambda: PrototypeHead(
                2,
                2,
                4,
                4,
                prototype_layer=dict(type='mmproto.DistancePrototypes'),
                classifier=dict(type='mmproto.ClassSpecificConv2d'),
                concept_pooling=dict(
                    type='mmproto.SimplexGroups', prototypes=[2, 0, 1, 0]
                ),
                link='softmax',
            ),
            r'of the classes \[0, 2\]',
        ),
    ],
)
def test_bad_arguments_are_named(build, words):
    with pytest.raises(ValueError, match=words):
        build()
