"""The metric of sizes on planted readings."""

import json
from functools import reduce
from types import SimpleNamespace

import pytest
import torch

from mmproto.evaluation.explanation_size_metric import ExplanationSizeMetric

CLASSES = ['road', 'car', 'sky']


def read(activations, weights, index=0):
    evidence = (weights @ activations.flatten(1)).view(
        -1, *activations.shape[1:]
    )
    return SimpleNamespace(
        index=index,
        activations=activations,
        class_weights=weights,
        evidence=evidence,
    )


def report(metric, readings):
    head = SimpleNamespace(class_weights=readings[0].class_weights)
    facts = SimpleNamespace(head=head, classes=CLASSES)
    metric.recorder = SimpleNamespace(facts=facts)
    states = [metric.measure(reading) for reading in readings]
    return metric.summarize(reduce(metric.merge, states))


def planted():
    """Four concepts; the third is used by nobody, the fourth is silent."""
    weights = torch.tensor([[1.0, 0, 0, 0], [2, 1, 0, 1], [0, 0, 0, 0]])
    activations = torch.zeros(4, 2, 2)
    activations[:, 0, 0] = torch.tensor([1.0, 0, 1, 0])  # concept 0
    activations[:, 0, 1] = torch.tensor([0.0, 1, 0, 0])  # concept 1
    activations[:, 1, 0] = torch.tensor([1.0, 0.1, 0, 0])  # 0 gives 95 %
    return [read(activations, weights, 0), read(0 * activations, weights, 1)]


def test_report_of_a_planted_model():
    found = report(ExplanationSizeMetric(), planted())
    cells = 8  # five of them without evidence
    assert found['scalars'] == pytest.approx(
        dict(
            global_size=3,
            global_size_deciding=2,
            local_size_all_classes=(1 + 1 + 2) / cells,
            local_size_predicted=(1 + 1 + 2) / cells,
            local_size_needed=(1 + 1 + 1) / cells,
            local_size_needed_all=(1 + 1 + 1) / cells,
            abstained=5 / 8,
            zero_weights=8 / 12,
            classes_per_concept=(2 + 1 + 1) / 3,
            classes_per_concept_max=2,
            concepts_per_class=4 / 3,
            concepts_per_class_min=0,
            concepts_per_class_max=3,
            image_size=(2 + 0) / 2,
            pipnet_num_nonzero_prototypes=3,
            pipnet_sparsity_ratio=8 / 12,
            pipnet_almost_sim_nonzeros=(2 + 0) / 2,
            pipnet_almost_nonzeros=(3 + 0) / 2,
            pipnet_local_size_all_classes=(3 + 0) / 2,
            pipnet_abstained=1,
        )
    )
    assert found['per_concept'] == dict(
        classes=[2, 1, 0, 1], deciding_share=[2 / 8, 1 / 8, 0, 0]
    )
    local = found['histograms']['local_size']
    assert local['labels'] == ['0', '1', '2']
    assert local['counts']['predicted'] == [5, 2, 1]
    assert local['counts']['needed'] == [5, 3, 0]
    assert found['histograms']['concepts_per_class']['counts'] == [1, 3, 0]
    json.dumps(found)


def test_noise_is_larger_than_parts():
    generator = torch.Generator().manual_seed(0)
    weights = torch.rand(3, 30, generator=generator)
    code = torch.randint(0, 30, (4, 5), generator=generator)
    parts = torch.nn.functional.one_hot(code, 30).permute(2, 0, 1).float()
    noise = torch.rand(30, 4, 5, generator=generator).softmax(dim=0)
    small, large = (
        report(ExplanationSizeMetric(), [read(maps, weights)])['scalars']
        for maps in (parts, noise)
    )
    for name in ('all_classes', 'predicted', 'needed', 'needed_all'):
        assert small[f'local_size_{name}'] == 1
        assert large[f'local_size_{name}'] > 20


def test_tampered_evidence_does_not_hide_an_abstention():
    """The head predicts a class that no concept speaks for."""
    reading = planted()[0]
    reading.evidence = torch.zeros(3, 2, 2)
    reading.evidence[2] = 1
    found = report(ExplanationSizeMetric(), [reading])['scalars']
    assert found['abstained'] == 1
    assert found['local_size_needed'] == 0


def test_a_classifier_of_zeros_has_no_classes_per_concept():
    reading = read(torch.ones(2, 1, 1), torch.zeros(3, 2))
    found = report(ExplanationSizeMetric(), [reading])['scalars']
    assert found['classes_per_concept'] is None
    assert found['global_size'] == 0
    assert found['zero_weights'] == 1


def test_the_classifier_alone():
    weights = torch.tensor([[1.0, 0, 0, 1e-6], [2, 0, 3, 0]])
    found = report(
        ExplanationSizeMetric(), [read(torch.ones(4, 1, 1), weights)]
    )
    assert found['scalars']['global_size'] == 3
    assert found['scalars']['zero_weights'] == 4 / 8
    assert found['scalars']['pipnet_num_nonzero_prototypes'] == 2
    assert found['per_concept']['classes'] == [2, 0, 1, 1]
    bars = found['histograms']['concepts_per_class']
    assert bars['counts'] == [2, 2]


def test_a_negative_threshold_is_refused():
    with pytest.raises(ValueError, match='at least 0, got -1'):
        ExplanationSizeMetric(threshold=-1)
