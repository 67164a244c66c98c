"""Classifiers and heads give what earlier codes gave."""

import torch
import torch.nn.functional as F
from golden import golden

from mmproto.engine.weight_pruning import proximal_step
from mmproto.models import NonNegativeConv2d, PrototypeHead, SharedASPP
from mmproto.models.decode_heads.links import LINKS


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


@golden('pipnet_proximal_step')
def test_golden_pipnet_steps_of_the_classifier(case):
    weight, bias = case.input('weight'), case.input('bias')
    classifier = NonNegativeConv2d(weight.shape[1], len(weight))
    classifier = classifier.to(case.dtype)
    classifier.weight.data[:, :, 0, 0] = weight.detach()
    multiplier, losses = case['in_multiplier'].item(), []
    for step, maps in enumerate(case.input('features').flatten(1, 2)):
        peaks = maps.softmax(dim=1).amax(dim=(2, 3), keepdim=True)
        out = classifier(peaks)[:, :, 0, 0]
        if len(bias):
            out = out + bias
        logits = LINKS['log1p_square'](out, multiplier)
        labels = case['in_labels'][step].repeat(2)
        loss = 2 * F.cross_entropy(logits, labels)
        losses.append(loss.detach())
        (grad,) = torch.autograd.grad(loss, classifier.weight)
        reference = case['out_weight_grads'][step].to(grad.dtype)
        torch.testing.assert_close(
            grad[:, :, 0, 0], reference, rtol=1e-4, atol=1e-6
        )
        with torch.no_grad():
            classifier.weight -= case['in_lr'] * grad
        proximal_step(classifier.weight, case['in_threshold'].item())
        # ours has neither bias nor a multiplier to train
        bias, multiplier = bias.clamp(min=0), max(multiplier, 1.0)
    case.check(classifier.weight[:, :, 0, 0], 'out_weight')
    case.check(torch.stack(losses).mean(), 'out_loss')
