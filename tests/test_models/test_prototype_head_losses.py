"""PrototypeHead: what its losses get and give."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from head_cases import make_head, maps, samples


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
