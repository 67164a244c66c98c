"""Total losses of PIP-Net and ReProSeg, composed of mmproto's losses."""

import torch.nn.functional as F
from golden import golden

from mmproto.models.losses import (
    AlignmentLoss,
    JensenShannonDiversityLoss,
    PresenceLoss,
)
from mmproto.models.losses.alignment_loss import alignment_loss
from mmproto.models.losses.presence_loss import presence_loss

RELEASED_EPS = 1e-12  # of PIP-Net's and ReProSeg's alignment


def pipnet_terms(case, features, weight):
    """Alignment, presence and classification of PIP-Net."""
    pooled = F.adaptive_max_pool2d(features, 1).flatten(1)
    eps = case['in_eps'].item()
    views = [presence_loss(view.sum(0), eps) for view in pooled.chunk(2)]
    scores = (pooled @ weight.relu().mT).square().log1p()
    return (
        alignment_loss(*features.chunk(2), eps=RELEASED_EPS),
        sum(views) / 2,
        F.cross_entropy(scores, case['in_labels'].repeat(2)),
    )


@golden('pipnet_total_loss')
def test_golden_pipnet_total(case):
    progress = case['in_epoch'].item() / case['in_nr_epochs'].item()
    phases = {
        'pretrain': (progress, 5.0, 0.0),
        'finetune': (0.0, 0.0, 2.0),
        'joint': (5.0, 2.0, 2.0),
    }
    for phase, factors in phases.items():
        features, weight = case.input('proto_features'), case.input('weight')
        terms = pipnet_terms(case, features, weight)
        total = sum(a * term for a, term in zip(factors, terms))
        total.backward()
        case.check(total, f'out_{phase}')
        case.check_grad(features.grad, f'grad_{phase}_proto_features')
        case.check_grad(weight.grad, f'grad_{phase}_weight')


@golden('reproseg_total_loss')
def test_golden_reproseg_total(case):
    concepts, pooled = case.input('concepts'), case.input('pooled')
    weights = dict(zip(('align', 'jsd', 'tanh'), case['in_weights'].tolist()))
    align = AlignmentLoss(weights['align'], eps=RELEASED_EPS)
    jsd = JensenShannonDiversityLoss(weights['jsd'], compatible=True)
    tanh = PresenceLoss(weights['tanh'], pooling='max', eps=1e-10)
    views = pooled.chunk(2)
    terms = {
        'out_alignment': align(*concepts.transpose(1, 2).chunk(2)),
        'out_jsd': sum(jsd(view) for view in views) / 2,
        'out_tanh': sum(tanh(view) for view in views) / 2,
    }
    for weight, (name, term) in zip(weights.values(), terms.items()):
        case.check(term, name, scale=weight)
    total = sum(terms.values())
    total.backward()
    case.check(total, 'out_pretrain')
    # The classification term of full training reads the scores only.
    case.check_grad(concepts.grad, 'grad_full_training_concepts')
    case.check_grad(pooled.grad, 'grad_full_training_pooled')
