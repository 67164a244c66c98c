"""ProtoSeg's diversity on distances against the original codes."""

import torch
from golden import golden

from mmproto.models.losses import DistanceDiversityLoss


def check(case, scales=None, **options):
    """Compare loss and gradient; 255 is void, 0 the first class."""
    distances = case.input('distances')
    labels = case['in_labels'] - 1
    labels[labels < 0] = 255
    identity = case['in_class_identity'].bool()
    if scales is None:
        scales = torch.zeros(len(identity))
    loss = DistanceDiversityLoss(
        loss_weight=0.25, as_published=True, **options
    )
    value = loss(distances, labels, identity, scales)
    value.backward()
    case.check(value, scale=0.25)
    case.check_grad(distances.grad, 'grad_distances', scale=0.25)


@golden('protoseg_kld')
def test_golden_protoseg_as_released(case):
    check(case, label_shift=True)


@golden('protoseg_kld_corrected')
def test_golden_protoseg_with_the_right_labels(case):
    check(case)


@golden('scaleprotoseg_kld')
def test_golden_scaleprotoseg(case):
    start, end = case['in_scale_ranges'].mT
    scales = torch.arange(len(start)).repeat_interleave(end - start)
    check(case, scales, per_scale=True)


def test_prototypes_near_different_pixels_are_diverse():
    labels = torch.zeros(1, 2, 4).long()
    identity = torch.ones(2, 1).bool()
    apart = torch.full((1, 2, 2, 4), 9.0)
    apart[0, 0, 0], apart[0, 1, 1] = 0.0, 0.0
    same = apart[:, :1].expand(-1, 2, -1, -1)
    loss = DistanceDiversityLoss(loss_weight=1.0)
    scales = torch.zeros(2)
    assert loss(same, labels, identity, scales) == 1
    assert loss(apart, labels, identity, scales) < 1e-3


def test_pruned_prototypes_are_left_out():
    torch.manual_seed(0)
    distances = torch.rand(2, 5, 3, 4)
    labels = torch.randint(0, 2, (2, 3, 4))
    identity = torch.tensor([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1]]).bool()
    loss = DistanceDiversityLoss()
    left = [0, 1, 3]  # of the second class one alone: no pair
    expected = loss(distances[:, left], labels, identity[left], torch.zeros(3))
    distances[:, [2, 4]] = torch.inf
    distances.requires_grad_()
    identity[[2, 4]] = False
    value = loss(distances, labels, identity, torch.zeros(5))
    torch.testing.assert_close(value, expected)
    value.backward()
    assert distances.grad.isfinite().all()
    assert (distances.grad[:, [2, 4]] == 0).all()
