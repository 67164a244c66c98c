"""Links turn evidence into probabilities."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from golden import golden
from head_cases import make_head

from mmproto.models.decode_heads.links import LINKS


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
    logits = LINKS['log1p_square'](evidence, case['in_multiplier'].item())
    case.check(logits, 'out_log1p')
    labels = torch.cat([case['in_labels'], case['in_labels']])
    loss = F.cross_entropy(logits, labels)
    case.check(loss)
    case.check_grad(torch.autograd.grad(loss, evidence)[0], 'grad_out')
