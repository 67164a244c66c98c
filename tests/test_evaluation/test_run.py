"""All metrics in one run."""

import copy
from uuid import uuid4

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.runner.checkpoint import save_checkpoint
from mmseg.registry import MODELS

from mmproto.evaluation.run import METRICS, UNKNOWN, evaluate_explanations
from mmproto.models.facts import ModelFacts


@pytest.fixture
def config(tiny_config, tiny_model, tmp_path):
    """The tiny config with a checkpoint."""
    path = tmp_path / 'model.pth'
    save_checkpoint(dict(state_dict=tiny_model.state_dict()), str(path))
    tiny_config.load_from = str(path)
    tiny_config.experiment_name = uuid4().hex
    return tiny_config


def test_own_metrics_and_all_of_explanations(config):
    config.test_evaluator = [
        config.test_evaluator,
        dict(type='mmproto.PurityMetric', topk=2),
    ]
    before = config.to_dict()
    found = evaluate_explanations(config, interval=2)
    assert config.to_dict() == before
    assert set(found.reports) == set(METRICS)
    assert found.num_images == 3 and found.surrogate is None
    assert found.classes == ['road', 'wall', 'car', 'sign']
    # its own options hold: two patches, and no concept has fewer
    purity = found.reports['PurityMetric']['scalars']
    assert purity['few_patches'] + purity['inactive'] <= 8
    notes = found.reports['StabilityMetric']['notes']
    assert any('2 images' in note and 'one in 2' in note for note in notes)
    config.experiment_name = uuid4().hex
    config.test_evaluator = config.test_evaluator[0]
    expected = Runner.from_cfg(config).test()
    classes = {f'IoU.{name}' for name in found.classes}
    assert found.accuracy.keys() - expected.keys() == classes
    means = {name: found.accuracy[name] for name in expected}
    assert means == pytest.approx(expected)


def test_unknown_objects_by_thresholds_of_known_ones(config):
    config.ood_dataloader = config.test_dataloader
    config.test_evaluator = [dict(type='mmproto.OODMetric', ood_ids=[3])]
    found = evaluate_explanations(config)
    known = found.reports['OODMetric']['scalars']
    unknown = found.reports[UNKNOWN]['scalars']
    assert 'similarity_flagged_known' not in known
    assert 'similarity_fitted_threshold' not in unknown
    # its options hold for both: signs are what is unknown
    assert known['similarity_auroc'] == unknown['similarity_auroc'] is not None
    # the same images: the thresholds flag what they were fitted to flag
    assert 0.04 < unknown['similarity_flagged_known'] <= 0.05


def test_a_missing_folder_of_unknown_objects_is_noted(config):
    loader = copy.deepcopy(config.test_dataloader)
    del loader.dataset['metainfo']
    loader.dataset.type = 'mmproto.StreetToyDataset'
    loader.dataset.data_prefix.img_path = 'leftImg8bit/unseen'
    config.ood_dataloader = loader
    report = evaluate_explanations(config).reports[UNKNOWN]
    assert report['scalars'] == {}
    assert 'leftImg8bit/unseen is missing' in report['notes'][0]


SIGNED = dict(
    classifier=dict(type='mmproto.ClassSpecificConv2d'), link='softmax'
)
RELATIVES = dict(
    protopnet=dict(prototype_layer='DistancePrototypes', **SIGNED),
    scaleprotoseg=dict(
        prototype_layer='DistancePrototypes',
        prototypes_per_concept=3,
        concept_pooling=dict(type='mmproto.SimplexGroups'),
        **SIGNED,
    ),
    pipnet=dict(
        prototype_layer='SoftmaxConcepts',
        link='log1p_square',
        inference_cut=0.1,
    ),
)


@pytest.mark.parametrize('system', RELATIVES)
def test_relatives_are_explained_exactly_by_few_concepts(
    tiny_config, tmp_path, system
):
    options = dict(RELATIVES[system])
    head = tiny_config.model.decode_head
    head.update(options)
    head.prototype_layer = dict(type=f'mmproto.{options["prototype_layer"]}')
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(tiny_config.model)
    path = tmp_path / 'model.pth'
    save_checkpoint(dict(state_dict=model.state_dict()), str(path))
    tiny_config.load_from = str(path)
    tiny_config.experiment_name = uuid4().hex
    found = evaluate_explanations(tiny_config).reports
    faithful = found['FaithfulnessMetric']['scalars']
    assert faithful['completeness_error_max'] < 1e-5
    size = found['ExplanationSizeMetric']['scalars']
    weights = model.decode_head.class_weights
    assert size['zero_weights'] == (weights == 0).double().mean()
    assert 1 <= size['local_size_needed'] <= size['global_size']
    # of groups, which mix prototypes, no two vectors can be compared
    cosine = found['DiversityMetric']['scalars']['max_cosine']
    assert (cosine is not None) == (system == 'protopnet')


def test_a_bad_interval_is_named(config):
    with pytest.raises(ValueError, match='interval must be at least 1'):
        evaluate_explanations(config, interval=0)


def test_surrogates_are_known_by_their_checkpoint(surrogate, tmp_path):
    config, path = surrogate.cfg, tmp_path / 'model.pth'
    meta = dict(dataset_meta=surrogate.dataset_meta)
    weights = surrogate.state_dict()
    save_checkpoint(dict(state_dict=weights, meta=meta), str(path))
    config.load_from = str(path)
    config.experiment_name = uuid4().hex
    found = evaluate_explanations(config, interval=3)
    assert found.surrogate == ModelFacts.of(surrogate).surrogate.to_dict()
