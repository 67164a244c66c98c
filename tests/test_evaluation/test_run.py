"""All metrics in one run."""

import copy
from uuid import uuid4

import pytest
from mmengine.runner import Runner
from mmengine.runner.checkpoint import save_checkpoint

from mmproto.evaluation.run import METRICS, UNKNOWN, evaluate_explanations


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
    assert found.num_images == 3
    assert found.classes == ['road', 'wall', 'car', 'sign']
    # its own options hold: two patches, and no concept has fewer
    purity = found.reports['PurityMetric']['scalars']
    assert purity['few_patches'] + purity['inactive'] <= 8
    notes = found.reports['StabilityMetric']['notes']
    assert any('2 images' in note and 'one in 2' in note for note in notes)
    config.experiment_name = uuid4().hex
    config.test_evaluator = config.test_evaluator[0]
    expected = Runner.from_cfg(config).test()
    assert found.accuracy == pytest.approx(expected)


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


def test_a_bad_interval_is_named(config):
    with pytest.raises(ValueError, match='interval must be at least 1'):
        evaluate_explanations(config, interval=0)
