import json
import shutil
from pathlib import Path

import jsonschema
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import Runner, save_checkpoint
from mmseg.registry import MODELS

import mmproto
from mmproto.checkpoints.derived import load_strictly
from mmproto.fitting import fit as fitting
from mmproto.fitting.fit import fit_concepts
from mmproto.fitting.options import SHORTEST, FitOptions

SCHEMA = Path(mmproto.__file__).parent / 'schemas/fit_report.schema.json'
SHORT = dict(concepts=8, max_iters=SHORTEST, batch_size=2)


@pytest.fixture
def fit(black_box, tmp_path):
    """Fits concepts to the black box."""

    def call(out='out', resume=False, data=None, **options):
        return fit_concepts(
            black_box.config,
            black_box.checkpoint,
            tmp_path / out,
            FitOptions(**(SHORT | options)),
            data=data,
            resume=resume,
        )

    return call


def load(tmp_path, out='out'):
    folder = tmp_path / out
    cfg = Config.fromfile(folder / 'concepts.py')
    return cfg, *load_strictly(cfg, folder / 'concepts.pth')


def predictions(model, cfg):
    loader = Runner.build_dataloader(cfg.val_dataloader)
    with torch.no_grad():
        return [
            sample.pred_sem_seg.data[0]
            for batch in loader
            for sample in model.test_step(batch)
        ]


@pytest.mark.smoke
def test_a_concept_model_on_the_very_same_backbone(fit, black_box, tmp_path):
    report = fit()
    cfg, model, meta = load(tmp_path)
    frozen = black_box.model.backbone.state_dict()
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, frozen[name]), name
    assert cfg.train_dataloader.dataset.data_root  # the user's own
    patches = meta['dataset_meta']['projection']['prototypes'][0]['patches']
    assert patches[0]['image'].endswith('_leftImg8bit.png')
    assert 'surrogate' not in meta['dataset_meta']
    box = predictions(black_box.model, cfg)
    own = predictions(model, cfg)
    same = torch.stack([a == b for a, b in zip(box, own)])
    assert report.comparison.agreement == pytest.approx(
        float(same.double().mean())
    )
    saved = json.loads((tmp_path / 'out' / 'report.json').read_text())
    assert saved['agreement'] == report.comparison.agreement
    jsonschema.validate(saved, json.loads(SCHEMA.read_text()))
    assert not list((tmp_path / 'out' / 'fit').rglob('*.pth'))
    assert len(list((tmp_path / 'out' / 'cache').iterdir())) == 1
    (log,) = (tmp_path / 'out' / 'fit').rglob('*.log')
    assert 'Iter(train)' in log.read_text()  # with the remaining time
    assert 'eta:' in log.read_text()


def test_the_report_has_the_iou_of_mmseg(fit, black_box, tmp_path):
    found = fit().to_dict()
    cfg, model, _ = load(tmp_path)
    for key, each in (('black_box', black_box.model), ('concepts', model)):
        evaluator = Evaluator(dict(type='mmseg.IoUMetric'))
        loader = Runner.build_dataloader(cfg.val_dataloader)
        evaluator.dataset_meta = loader.dataset.metainfo
        with torch.no_grad():
            for batch in loader:
                evaluator.process(each.test_step(batch))
        reached = evaluator.evaluate(len(loader))['mIoU']
        assert found['miou'][key] == pytest.approx(reached, abs=0.006)


def test_a_surrogate_needs_no_labels(fit, black_box, tmp_path):
    cfg = Config.fromfile(black_box.config)
    source = cfg.val_dataloader.dataset.data_root
    bare = tmp_path / 'bare'
    shutil.copytree(f'{source}/leftImg8bit', bare / 'leftImg8bit')
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[loader].dataset.data_root = str(bare)
    cfg.dump(tmp_path / 'bare.py')
    report = fit(target='model', data=tmp_path / 'bare.py')
    assert report.to_dict()['miou'] == dict(black_box=None, concepts=None)
    cfg, model, meta = load(tmp_path)
    assert cfg.val_dataloader.dataset.data_root == str(bare)
    surrogate = meta['dataset_meta']['surrogate']
    assert surrogate['agreement'] == report.comparison.agreement
    assert surrogate['images'] == 3 and surrogate['black_box'] == 'box'
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        for own, theirs in zip(
            model.black_box.extract_feat(image),
            black_box.model.extract_feat(image),
        ):
            assert torch.equal(own, theirs)


def test_an_interrupted_fit_goes_on(fit, monkeypatch, tmp_path):
    train, runs = Runner.train, []

    def interrupted(runner):
        """Train, up to a stop in the middle."""
        runs.append(runner)
        runner.register_hook(StopAt(SHORTEST // 2))
        train(runner)

    monkeypatch.setattr(Runner, 'train', interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit()
    assert not (tmp_path / 'out' / 'concepts.pth').exists()
    monkeypatch.setattr(Runner, 'train', train)
    calls = count_features(monkeypatch)
    fit(resume=True)
    assert calls == [0]
    assert (tmp_path / 'out' / 'concepts.pth').is_file()


class StopAt(Hook):
    """The user presses Ctrl-C."""

    def __init__(self, iteration):
        self.iteration = iteration

    def before_train_iter(self, runner, *_, **__):
        if runner.iter == self.iteration:
            raise KeyboardInterrupt


def count_features(monkeypatch):
    """Count the images whose features are computed in each fit."""
    from mmproto.feature_cache.views import FrozenNetwork

    calls, build = [], fitting.build_cache

    def counted(*arguments):
        calls.append(0)
        run = FrozenNetwork.run

        def once(*values):
            calls[-1] += 1
            return run(*values)

        with monkeypatch.context() as patch:
            patch.setattr(FrozenNetwork, 'run', once)
            return build(*arguments)

    monkeypatch.setattr(fitting, 'build_cache', counted)
    return calls


def test_minutes_become_iterations_that_are_kept(fit, monkeypatch, tmp_path):
    monkeypatch.setattr(fitting, 'iterations_in', lambda *_: SHORTEST + 3)
    report = fit(max_iters=None, minutes=1.0)
    assert report.iterations == SHORTEST + 3


def test_iterations_in_a_time():
    # 20 steps of 0.5 s, 30 s for clustering and projection
    times = [0.5] * 18 + [20.5, 10.5]
    assert fitting.iterations_in(2.0, times) == 180
    assert fitting.iterations_in(0.01, times) == SHORTEST


@pytest.mark.parametrize('least, warns', [(1.0, True), (0.0, False)])
def test_too_little_agreement_is_said(fit, least, warns):
    text = fit(min_agreement=least).text()
    assert ('explanations may not be' in text) == warns


def test_layers_of_the_user(fit, tmp_path):
    fit(layers=(2, 3))
    cfg, _, _ = load(tmp_path)
    assert list(cfg.model.neck.in_index) == [2, 3]


@pytest.mark.parametrize(
    'wrong',
    [
        dict(max_iters=5, minutes=1.0),
        dict(max_iters=SHORTEST - 1),
        dict(minutes=0),
        dict(concepts=0),
        dict(batch_size=0),
        dict(min_agreement=1.5),
        dict(cache_gb=0),
        dict(target='truth'),
    ],
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(ValueError):
        FitOptions(**wrong)


def test_wrong_sizes_are_refused_before_anything_is_read():
    with pytest.raises(ValueError, match='sizes must name 1.0'):
        fit_concepts('no.py', 'no.pth', 'no', FitOptions(sizes=(0.5,)))


def test_a_backbone_that_changes_its_arguments(fit, black_box, tmp_path):
    # timm takes entries out of `feature_cfg`
    cfg = Config.fromfile(black_box.config)
    backbone = dict(
        type='TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        features_only=True,
        pretrained=False,
        out_indices=(0, 1),
        feature_cfg=dict(feature_cls='list', flatten_sequential=True),
    )
    cfg.model.backbone = backbone
    cfg.model.decode_head.update(in_channels=24, in_index=1)
    cfg.dump(black_box.config)
    model = MODELS.build(Config.fromfile(black_box.config).model)
    save_checkpoint(
        dict(state_dict=model.state_dict()), str(black_box.checkpoint)
    )
    fit()
    assert len(list((tmp_path / 'out' / 'cache').iterdir())) == 1


def test_missing_data_names_the_flag_for_other_data(fit, black_box):
    cfg = Config.fromfile(black_box.config)
    cfg.train_dataloader.dataset.data_root = 'nowhere'
    cfg.dump(black_box.config)
    for target in ('labels', 'model'):
        with pytest.raises(ValueError, match='--data CONFIG takes'):
            fit(target=target)


def test_fewer_concepts_than_classes_are_refused_early(fit, tmp_path):
    with pytest.raises(ValueError, match='at least 4'):
        fit(concepts=3)
    assert not (tmp_path / 'out').exists()
