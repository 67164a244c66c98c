"""What all concept losses have in common."""

import inspect

import pytest
import torch

from mmproto.registry import MODELS


def tensors(dtype):
    """One small set of everything the head may pass."""
    torch.manual_seed(0)
    maps = torch.randn(2, 2, 5, 3, 4).softmax(2).to(dtype)  # (N,S,K,H,W)
    labels = torch.randint(0, 3, (2, 3, 4))
    labels[0, 0, 0] = 255
    return {
        'activations': maps.amax(1).requires_grad_(),
        'first_view': maps.clone().requires_grad_(),
        'second_view': maps.roll(1, 3),
        'in_views': torch.tensor([0, 1, 1, 1]).bool().expand(2, 3, 4),
        'labels': labels,
        'class_weights': torch.rand(3, 5).to(dtype).requires_grad_(),
        'nearest': torch.rand(2, 3, 4).to(dtype).requires_grad_(),
        'distances': torch.rand(2, 5, 3, 4).to(dtype).requires_grad_(),
        'class_identity': torch.eye(3).bool()[torch.tensor([0, 1, 2, 0, 1])],
        'group_weights': [torch.rand(2, 3).to(dtype).requires_grad_()],
    }


NAMES = {
    'AlignmentLoss': 'loss_alignment',
    'PresenceLoss': 'loss_presence',
    'JeffreysDiversityLoss': 'loss_diversity',
    'JensenShannonDiversityLoss': 'loss_jensen_shannon',
    'SparsityLoss': 'loss_sparsity',
    'ClusterLoss': 'loss_cluster',
    'SeparationLoss': 'loss_separation',
    'GroupEntropyLoss': 'loss_group_entropy',
    'UsageBalanceLoss': 'loss_balance',
    'CompactnessLoss': 'loss_compactness',
}
every_loss = pytest.mark.parametrize('name', NAMES)


def build(name, **kwargs):
    return MODELS.build(dict(type=f'mmproto.{name}', **kwargs))


def call(loss, dtype=torch.float32):
    given = tensors(dtype)
    return loss(**{key: given[key] for key in loss.inputs})


def promoted(value):
    """The same numbers in float32."""
    if isinstance(value, list):
        return [promoted(item) for item in value]
    return value.float() if value.is_floating_point() else value


@every_loss
def test_inputs_name_the_arguments(name):
    loss = build(name)
    assert loss.inputs == tuple(inspect.signature(loss.forward).parameters)
    assert loss.loss_name == NAMES[name]


@every_loss
def test_weight_multiplies_the_value(name):
    single, double = build(name, loss_weight=1), build(name, loss_weight=2)
    value = call(single)
    assert value.shape == ()
    assert value.item() != 0
    assert call(double).item() == pytest.approx(2 * value.item())


@every_loss
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_float32_under_autocast(name, dtype):
    loss = build(name)
    given = {key: tensors(dtype)[key] for key in loss.inputs}
    expected = loss(**{key: promoted(given[key]) for key in loss.inputs})
    with torch.autocast('cpu', torch.bfloat16):
        value = loss(**given)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(expected.item(), rel=1e-6)


@every_loss
def test_float64_stays(name):
    assert call(build(name), torch.float64).dtype == torch.float64


@every_loss
def test_every_real_input_but_the_classifier_gets_a_gradient(name):
    loss = build(name)
    given = {key: tensors(torch.float32)[key] for key in loss.inputs}
    loss(**given).backward()
    first = given[loss.inputs[0]]
    leaf = first[0] if isinstance(first, list) else first
    assert leaf.grad.any()
    assert leaf.grad.isfinite().all()


@every_loss
def test_it_says_whether_it_trains_the_classifier(name):
    weights = torch.tensor([[0.5, 0.2, 0.0], [0.0, 0.1, 0.9]])
    weights.requires_grad_()
    given = tensors(torch.float32) | {
        'class_weights': weights,
        'group_weights': [row[row > 0][None] for row in weights],
    }
    given['activations'] = given['activations'][:, :3]
    given['labels'] = given['labels'].clamp(max=1)
    loss = build(name)
    value = loss(**{key: given[key] for key in loss.inputs})
    reached = None
    if value.requires_grad:
        (reached,) = torch.autograd.grad(value, weights, allow_unused=True)
    assert (reached is not None) == loss.trains_classifier


@every_loss
def test_negative_weight_is_refused(name):
    with pytest.raises(ValueError, match='loss_weight is -1, expected'):
        build(name, loss_weight=-1)


@every_loss
def test_name_that_would_not_train_is_refused(name):
    with pytest.raises(ValueError, match="does not contain 'loss'"):
        build(name, loss_name='diversity')


@pytest.mark.parametrize(
    ('name', 'kwargs', 'message'),
    [
        ('AlignmentLoss', {'eps': 0}, 'eps is 0, expected'),
        ('PresenceLoss', {'pooling': 'mean'}, "pooling is 'mean'"),
        ('PresenceLoss', {'unit': -1.0}, 'unit is -1.0'),
        ('PresenceLoss', {'decay': 1.0}, 'decay is 1.0'),
        ('PresenceLoss', {'decay': 0.9}, 'needs num_concepts'),
        ('JeffreysDiversityLoss', {'threshold': 1}, 'threshold is 1'),
        ('JeffreysDiversityLoss', {'eps': -1}, 'eps is -1'),
        ('JensenShannonDiversityLoss', {'eps': 0}, 'eps is 0'),
        ('UsageBalanceLoss', {'threshold': 1}, 'threshold is 1'),
        ('UsageBalanceLoss', {'eps': 0}, 'eps is 0'),
        ('GroupEntropyLoss', {'eps': float('nan')}, 'eps is nan'),
    ],
)
def test_values_out_of_range_are_refused(name, kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(name, **kwargs)


def test_the_printed_model_tells_name_and_weight():
    text = repr(build('SparsityLoss', loss_weight=0.5))
    assert text == 'SparsityLoss(loss_sparsity, weight=0.5)'
