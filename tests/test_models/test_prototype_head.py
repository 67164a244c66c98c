"""PrototypeHead: additivity, links, losses, and what earlier codes gave."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from golden import golden
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmproto.models import PrototypeHead, SharedASPP
from mmproto.models.decode_heads.links import LINKS
from mmproto.models.decode_heads.non_negative_conv import NonNegativeConv2d

LAYERS = ['CosinePrototypes', 'SoftmaxConcepts', 'DistancePrototypes']


def make_head(layer='CosinePrototypes', **kwargs):
    torch.manual_seed(0)
    options = dict(
        in_channels=6,
        channels=6,
        num_classes=4,
        num_concepts=5,
        prototypes_per_concept=2,
        prototype_layer=dict(type=f'mmproto.{layer}'),
    )
    return PrototypeHead(**(options | kwargs))


def maps(scales=3, batch=2):
    generator = torch.Generator().manual_seed(1)
    return tuple(
        torch.randn(batch, 6, 7, 9, generator=generator) for _ in range(scales)
    )


def samples(batch=2, size=(28, 36), views=None):
    generator = torch.Generator().manual_seed(2)
    made = []
    for index in range(batch):
        labels = torch.randint(0, 4, (1, *size), generator=generator)
        labels[:, :2] = 255
        sample = SegDataSample(gt_sem_seg=PixelData(data=labels))
        if views:
            sample.set_metainfo(
                dict(
                    view=views[index],
                    window=(0, 0, *size),
                    img_shape=size,
                    pad_shape=size,
                )
            )
        made.append(sample)
    return made


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


@pytest.mark.parametrize('link', LINKS)
def test_links_are_probabilities_in_the_order_of_the_evidence(link):
    head = make_head(link=link)
    evidence = torch.rand(2, 4, 3, 3, dtype=torch.float64) * 5
    o = evidence.numpy()
    expected = {
        'share': o / o.sum(axis=1, keepdims=True),
        'softmax': np.exp(o) / np.exp(o).sum(axis=1, keepdims=True),
        'log1p_square': (1 + o**2) / (1 + o**2).sum(axis=1, keepdims=True),
    }[link]
    probabilities = head.probabilities(evidence).numpy()
    np.testing.assert_allclose(probabilities, expected)
    np.testing.assert_array_equal(
        probabilities.argsort(axis=1), o.argsort(axis=1)
    )


@pytest.mark.parametrize('link', LINKS)
def test_no_evidence_means_all_classes_alike(link):
    head = make_head(link=link)
    probabilities = head.probabilities(torch.zeros(1, 4, 2, 2))
    torch.testing.assert_close(probabilities, torch.full((1, 4, 2, 2), 0.25))


@golden('pipnet_class_loss')
def test_golden_pipnet_log1p_square_link(case):
    evidence = case.input('out')
    logits = LINKS['log1p_square'](evidence)
    case.check(logits, 'out_log1p')
    labels = torch.cat([case['in_labels'], case['in_labels']])
    loss = F.cross_entropy(logits, labels)
    case.check(loss)
    case.check_grad(torch.autograd.grad(loss, evidence)[0], 'grad_out')


@golden('pipnet_nonneg_linear')
def test_golden_pipnet_non_negative_classifier(case):
    weight, x = case.input('weight'), case.input('input')
    classifier = NonNegativeConv2d(weight.shape[1], weight.shape[0])
    classifier = classifier.to(weight.dtype)
    with torch.no_grad():
        classifier.weight.copy_(weight[:, :, None, None])
    out = classifier(x[:, :, None, None])[:, :, 0, 0]
    bias = case['in_bias'].to(out.dtype)  # ours has none
    case.check(out + bias if len(bias) else out, 'out_out')
    upstream = case['in_upstream'].to(out.dtype)
    gradients = torch.autograd.grad(out, (x, classifier.weight), upstream)
    case.check_grad(gradients[0], 'grad_input')
    case.check_grad(gradients[1][:, :, 0, 0], 'grad_weight')


@golden('reproseg_head')
def test_golden_reproseg_head_with_the_relu_classifier(case):
    kernel = case.input('shared_weight')
    concepts, channels = kernel.shape[:2]
    neck = SharedASPP(channels, concepts, case['in_rates'].tolist())
    weight = case.input('classifier_weight')
    head = PrototypeHead(
        concepts,
        concepts,
        len(weight),
        concepts,
        prototype_layer=dict(type='mmproto.SoftmaxConcepts', add_on=False),
    )
    neck, head = neck.to(kernel.dtype), head.to(kernel.dtype)
    with torch.no_grad():
        neck.conv.weight.copy_(kernel)
        head.conv_seg.weight.copy_(weight)
    normed = []  # the original has a norm for each scale
    for scale, x in enumerate(neck((case.input('features'),))):
        mean, var, gain, shift = (
            case[f'in_bn_{name}'][scale].to(x.dtype)
            for name in ('running_mean', 'running_var', 'weight', 'bias')
        )
        eps = float(case['in_bn_eps'])
        normed.append(F.batch_norm(x, mean, var, gain, shift, eps=eps).relu())
    pooled, _, per_scale = head.activations(normed, per_scale=True)
    case.check(per_scale.transpose(1, 2), 'out_eval_concepts')
    case.check(pooled, 'out_eval_pooled')
    bias = case['in_classifier_bias'].to(pooled.dtype)
    evidence = head(normed)
    if len(bias):
        evidence = evidence + bias[:, None, None]
    case.check(evidence, 'out_eval_logits_relu')


def test_share_loss_is_the_log_likelihood_of_the_resized_evidence():
    head = make_head(
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)
    )
    inputs, batch = maps(), samples()
    loss = head.loss(inputs, batch, {})['loss_ce']
    evidence = F.interpolate(head(inputs), (28, 36), mode='bilinear')
    share = evidence / evidence.sum(dim=1, keepdim=True)
    share = (share + 1e-3) / (1 + 4e-3)  # the floor that bounds the loss
    labels = torch.cat([s.gt_sem_seg.data for s in batch])
    expected = F.nll_loss(share.log(), labels, ignore_index=255)
    torch.testing.assert_close(loss, expected)


def test_a_class_without_evidence_has_a_finite_loss_and_gradient():
    head = make_head()
    with torch.no_grad():
        head.conv_seg.weight[2] = 0
    loss = head.loss(maps(), samples(), {})['loss_ce']
    loss.backward()
    assert loss.isfinite()
    assert head.prototype_layer.vectors.grad.isfinite().all()


def test_concept_losses_get_what_they_name_and_count_when_chosen():
    head = make_head(
        concept_losses=[
            dict(type='mmproto.SparsityLoss', loss_weight=0.5),
            dict(type='mmproto.AlignmentLoss', loss_weight=0.0),
        ]
    )
    # weight zero is not computed: it would ask for two views
    losses = head.loss(maps(), samples(), {})
    sparsity = head.concept_losses[0].loss_name
    assert set(losses) == {'loss_ce', 'acc_seg', sparsity}
    torch.testing.assert_close(
        losses[sparsity], 0.5 * head.conv_seg.weight.abs().sum()
    )
    head.set_active_losses([sparsity])
    assert set(head.loss(maps(), samples(), {})) == {sparsity}
    head.set_active_losses(None)
    with pytest.raises(ValueError, match='loss_unknown'):
        head.set_active_losses(['loss_unknown'])


def test_alignment_compares_the_two_views():
    head = make_head(
        concept_losses=[dict(type='mmproto.AlignmentLoss', loss_weight=1.0)]
    )
    name = head.concept_losses[0].loss_name
    same = tuple(torch.cat([x[:1], x[:1]]) for x in maps())
    apart = maps()
    batch = samples(views=[0, 1])
    equal = head.loss(same, batch, {})[name]
    assert equal < head.loss(apart, batch, {})[name]
    with pytest.raises(ValueError, match='TwoViews'):
        head.loss(apart, samples(views=[0, 0]), {})


def test_distances_and_class_identity_reach_the_cluster_loss():
    head = make_head(
        'DistancePrototypes',
        concept_losses=[dict(type='mmproto.ClusterLoss', loss_weight=1.0)],
    )
    inputs, batch = maps(), samples(size=(7, 9))
    value = head.loss(inputs, batch, {})[head.concept_losses[0].loss_name]
    owner = head.class_weights.argmax(dim=0).tolist()
    vectors = head.prototype_layer.vectors.detach()
    smallest = []
    for n, sample in enumerate(batch):
        for (h, w), label in np.ndenumerate(sample.gt_sem_seg.data[0].numpy()):
            own = [p for p in range(10) if owner[p // 2] == label]
            if label != 255 and own:
                smallest.append(
                    min(
                        float((x[n, :, h, w] - vectors[p]).square().sum())
                        for x in inputs
                        for p in own
                    )
                )
    torch.testing.assert_close(float(value), float(np.mean(smallest)))


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
