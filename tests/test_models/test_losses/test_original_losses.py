"""Random shapes and arguments: losses against the formulas, one by one."""

import numpy as np
import originals
import torch
import torch.nn.functional as F
from draws import Draw, both, close, examples, seeds, sizes, tensor
from hypothesis import given
from hypothesis import strategies as st

from mmproto.models.decode_heads.links import LINKS
from mmproto.models.losses import (
    AlignmentLoss,
    ClusterLoss,
    DistanceDiversityLoss,
    GroupEntropyLoss,
    JensenShannonDiversityLoss,
    PresenceLoss,
    SeparationLoss,
)
from mmproto.models.losses.alignment_loss import (
    alignment_loss,
    one_sided_alignment,
)
from mmproto.models.losses.presence_loss import presence_loss
from mmproto.models.losses.sparsity_loss import sparsity_loss

small = st.sampled_from([1e-3, 1e-6, 1e-10, 1e-12])


@both
@examples
@given(
    seed=seeds,
    classes=sizes,
    prototypes=st.integers(1, 7),
    ceiling=st.floats(0.5, 8),
)
def test_protopnet_costs(dtype, seed, classes, prototypes, ceiling):
    draw = Draw(seed)
    distances = draw.uniform(5, prototypes, high=ceiling)  # below the clip
    labels = draw.rng.integers(0, classes, 5)
    identity = draw.identity(prototypes, classes)
    maps = tensor(distances, dtype)[:, :, None, None]
    places = torch.tensor(labels)[:, None, None]
    for loss, sign, looked_at, index in (
        (ClusterLoss(loss_weight=1.0), 1, identity, 0),
        (SeparationLoss(loss_weight=1.0), -1, 1 - identity, 1),
    ):
        # the original counts a sample without any prototype as the ceiling
        counted = looked_at.sum(axis=0)[labels] > 0
        expected = 0.0
        if counted.any():
            expected = originals.cluster_costs(
                distances[counted], labels[counted], identity, ceiling
            )[index]
        value = loss(maps, places, torch.tensor(identity))
        close(sign * value, expected, dtype)


@both
@examples
@given(seed=seeds, classes=sizes, prototypes=st.integers(1, 7))
def test_protopnet_l1(dtype, seed, classes, prototypes):
    draw = Draw(seed)
    weight = draw.uniform(classes, prototypes, low=-2, high=2)
    identity = draw.identity(prototypes, classes)
    for given_identity in (None, identity):
        masked = (
            given_identity
            if given_identity is None
            else tensor(given_identity, dtype)
        )
        value = sparsity_loss(tensor(weight, dtype), masked)
        close(value, originals.l1_norm(weight, given_identity), dtype)


@both
@examples
@given(
    seed=seeds,
    classes=sizes,
    prototypes=st.integers(1, 8),
    scales=st.none() | sizes,
    shift=st.booleans(),
)
def test_protoseg_and_scaleprotoseg_diversity(
    dtype, seed, classes, prototypes, scales, shift
):
    draw = Draw(seed)
    distances = draw.uniform(2, prototypes, 4, 5, high=3)
    labels = draw.rng.integers(0, classes + 1, (2, 4, 5))  # 0 is void
    identity = draw.identity(prototypes, classes)
    bound = draw.rng.integers(0, scales or 1, prototypes)
    expected = originals.pair_diversity(
        distances,
        labels,
        identity,
        bound if scales else None,
        shift=0 if shift else 1,
    )
    loss = DistanceDiversityLoss(
        1.0, as_published=True, label_shift=shift, per_scale=bool(scales)
    )
    value = loss(
        tensor(distances, dtype),
        torch.tensor(np.where(labels == 0, 255, labels - 1)),
        torch.tensor(identity).bool(),
        torch.tensor(bound),
    )
    close(value, expected, dtype)


@both
@examples
@given(
    seed=seeds,
    groups=sizes,
    numbers=st.lists(sizes, min_size=1, max_size=5),
    eps=small,
)
def test_scaleprotoseg_group_entropy(dtype, seed, groups, numbers, eps):
    draw = Draw(seed)
    weights = [draw.shares(groups, number) for number in numbers]
    weights[0][0] = np.eye(numbers[0])[0]  # one-hot
    expected = 0.0
    if max(numbers) > 1:
        expected = originals.group_entropy(weights, eps)
    value = GroupEntropyLoss(eps=eps)([tensor(w, dtype) for w in weights])
    close(value, expected, dtype)


@both
@examples
@given(seed=seeds, concepts=sizes, scales=sizes, eps=small)
def test_alignments(dtype, seed, concepts, scales, eps):
    views = Draw(seed).shares(2, 2, concepts, scales, 3, 2, axis=2)
    rows = np.moveaxis(views, 2, -1).reshape(2, -1, concepts)
    expected = originals.alignment(*rows, eps)
    first, second = tensor(views, dtype)
    close(one_sided_alignment(first, second, eps), expected, dtype)
    close(alignment_loss(first, second, eps), expected, dtype)
    loss = AlignmentLoss(eps=eps)
    by_scale = loss(first.transpose(1, 2), second.transpose(1, 2))
    close(by_scale, expected, dtype)


@both
@examples
@given(seed=seeds, images=sizes, concepts=sizes, eps=small)
def test_tanh_losses(dtype, seed, images, concepts, eps):
    draw = Draw(seed)
    maps = draw.uniform(images, concepts, 3, 2)
    maps[:, 0] *= draw.rng.integers(2)  # perhaps nowhere present
    pooled = maps.max(axis=(2, 3))
    expected = originals.tanh_loss(pooled, eps)
    close(presence_loss(tensor(pooled, dtype).sum(0), eps), expected, dtype)
    loss = PresenceLoss(pooling='max', eps=eps)
    close(loss(tensor(maps, dtype)), expected, dtype)


@both
@examples
@given(seed=seeds, images=sizes, concepts=sizes)
def test_reproseg_jensen_shannon(dtype, seed, images, concepts):
    maps = Draw(seed).uniform(images, concepts, 3, 4)
    maps[:, 0] = 0
    loss = JensenShannonDiversityLoss(compatible=True)
    expected = originals.jensen_shannon(maps)
    close(loss(tensor(maps, dtype)), expected, dtype)


@both
@examples
@given(
    seed=seeds,
    images=sizes,
    concepts=sizes,
    factors=st.tuples(*[st.floats(0, 5)] * 3),
    multiplier=st.floats(1, 4),
)
def test_pipnet_total(dtype, seed, images, concepts, factors, multiplier):
    draw = Draw(seed)
    maps = draw.shares(2 * images, concepts, 2, 3, axis=1)
    weight = draw.uniform(3, concepts, low=-1, high=4)
    labels = draw.rng.integers(0, 3, images)
    pooled = maps.max(axis=(2, 3))
    rows = np.moveaxis(maps, 1, -1).reshape(2, -1, concepts)
    evidence = originals.non_negative_linear(pooled, weight)
    logits = originals.class_logits(evidence, multiplier)
    expected = (
        factors[0] * originals.alignment(*rows)
        + factors[1]
        * np.mean(
            [originals.tanh_loss(view, 1e-8) for view in np.split(pooled, 2)]
        )
        + factors[2] * originals.cross_entropy(logits, np.tile(labels, 2))
    )
    given_maps = tensor(maps, dtype)
    align = AlignmentLoss(factors[0], eps=1e-12)
    tanh = PresenceLoss(factors[1], pooling='max', eps=1e-8)
    ours = given_maps.amax(dim=(2, 3)) @ tensor(weight, dtype).relu().mT
    total = (
        align(*given_maps[:, None].chunk(2))
        + sum(tanh(view) for view in given_maps.chunk(2)) / 2
        + factors[2]
        * F.cross_entropy(
            LINKS['log1p_square'](ours, multiplier),
            torch.tensor(labels).repeat(2),
        )
    )
    close(total, expected, dtype)


@both
@examples
@given(
    seed=seeds,
    images=sizes,
    concepts=sizes,
    scales=sizes,
    factors=st.tuples(*[st.floats(0, 5)] * 3),
)
def test_reproseg_pretraining_total(
    dtype, seed, images, concepts, scales, factors
):
    draw = Draw(seed)
    maps = draw.shares(2 * images, concepts, scales, 2, 3, axis=1)
    pooled = maps.max(axis=2)
    rows = np.moveaxis(maps, 1, -1).reshape(2, -1, concepts)
    views = np.split(pooled, 2)
    peaks = [view.max(axis=(2, 3)) for view in views]
    terms = (
        originals.alignment(*rows),
        np.mean([originals.jensen_shannon(view) for view in views]),
        np.mean([originals.tanh_loss(view, 1e-10) for view in peaks]),
    )
    align = AlignmentLoss(factors[0], eps=1e-12)
    jsd = JensenShannonDiversityLoss(factors[1], compatible=True)
    tanh = PresenceLoss(factors[2], pooling='max', eps=1e-10)
    ours = tensor(pooled, dtype).chunk(2)
    total = align(*tensor(maps, dtype).transpose(1, 2).chunk(2))
    total = total + sum(jsd(view) + tanh(view) for view in ours) / 2
    close(total, np.dot(factors, terms), dtype)
