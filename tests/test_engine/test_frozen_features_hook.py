"""Training on kept features of a frozen backbone."""

import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATASETS
from mmseg.registry import MODELS

from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.feature_cache import FeatureMaps


@pytest.fixture
def frozen(tmp_path):
    """Builds the config of the hook, with a cache of the test's own."""

    def config(**options):
        folder = str(tmp_path / 'cache')
        return dict(type='mmproto.FrozenFeaturesHook', cache=folder) | options

    return config


def keep_batches(runner):
    """List what the model is trained on, as it comes."""
    seen = []
    preprocessor = runner.model.data_preprocessor
    preprocessor.register_forward_pre_hook(
        lambda module, inputs: seen.append(
            [
                (s.img_path, s.flip)
                for s in inputs[0]['data_samples']
                if module.training
            ]
        )
    )
    return seen


def losses_on_images(cfg, state, batches):
    """Train as plain as can be: images, a frozen backbone, a loop."""
    model = MODELS.build(cfg.model)
    model.load_state_dict(state)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
    dataset = DATASETS.build(projection_dataloader(cfg).dataset)
    places = {dataset[i]['data_samples'].img_path: i for i in range(6)}
    losses = []
    for batch in batches:
        samples = []
        for path, flip in batch:
            sample = dataset[places[path]]
            if flip:
                sample['inputs'] = sample['inputs'].flip(-1)
                labels = sample['data_samples'].gt_sem_seg
                labels.data = labels.data.flip(-1)
            samples.append(sample)
        model.train()
        model.backbone.eval()
        model.backbone.requires_grad_(False)
        found = model.train_step(pseudo_collate(samples), optimizer)
        losses.append(found['loss'].item())
    return losses


def call_before_train(runner, start):
    """Keep the weights with which the training starts."""
    call_hook = type(runner).call_hook

    def call(name, **kwargs):
        if name == 'before_train':
            state = copy.deepcopy(runner.model.state_dict())
            start['state'] = state
        call_hook(runner, name, **kwargs)

    return call


@pytest.mark.smoke
@pytest.mark.parametrize(
    # float16 keeps three digits: the first loss is 6e-5 off
    ('dtype', 'tolerance'),
    [('float32', 1e-6), ('float16', 2e-4)],
)
def test_training_equals_a_frozen_backbone(build, frozen, dtype, tolerance):
    runner = build(
        frozen(dtype=dtype),
        look=lambda runner, outputs: outputs['loss'].item(),
        **{
            'train_cfg.max_iters': 5,
            'param_scheduler': [],
            'optim_wrapper.optimizer.lr': 0.1,
        },
    )
    runner.call_hook = call_before_train(runner, start := {})
    batches = keep_batches(runner)
    runner.train()
    drawn = [batch for batch in batches if batch]
    assert {flip for batch in drawn for _, flip in batch} == {True, False}
    expected = losses_on_images(runner.cfg, start['state'], drawn)
    assert runner.recorder.seen == pytest.approx(expected, abs=tolerance)


def passes_of(runner):
    """List the shapes of what the backbone is given, if it is images."""
    shapes = []
    convolution = runner.model.backbone.layer1[0].conv1
    convolution.register_forward_pre_hook(
        lambda module, inputs: shapes.append(len(inputs[0]))
    )
    return shapes


def test_a_second_run_reads_what_the_first_kept(build, frozen):
    first = build(frozen())
    passes = passes_of(first)
    first.train()
    assert passes == [1] * 12
    second = build(frozen())
    passes = passes_of(second)
    second.train()
    assert passes == []


def test_everything_is_restored(build, frozen):
    runner = build(
        frozen(),
        look=lambda runner, outputs: (
            runner.train_loop.dataloader,
            runner.cfg.get('projection_dataloader'),
            {p.requires_grad for p in runner.model.backbone.parameters()},
            runner.model.backbone.training,
            runner.model.neck.training,
        ),
    )
    loop = runner.train_loop
    before = loop.dataloader, loop.dataloader_iterator
    text = dict(runner.cfg)
    weights = copy.deepcopy(runner.model.backbone.state_dict())
    start = {}
    runner.call_hook = call_before_train(runner, start)
    runner.train()
    for loader, projection, trains, training, neck in runner.recorder.seen:
        assert type(loader.dataset).__name__ == 'CachedFeatures'
        assert projection.dataset.type == 'mmproto.CachedFeatures'
        assert (trains, training, neck) == ({False}, False, True)
    assert (loop.dataloader, loop.dataloader_iterator) == before
    assert dict(runner.cfg) == text
    model = runner.model
    assert all(p.requires_grad for p in model.parameters())
    assert model.train().backbone.layer1[0].norm1.training
    for name in weights:  # statistics as well
        found = model.backbone.state_dict()[name]
        assert torch.equal(found, start['state'][f'backbone.{name}'])
    with pytest.raises(TypeError):
        model.backbone(FeatureMaps((None,), (1, 1), (1, 1)))


def test_a_known_projection_loader_comes_back(build, frozen, tiny_config):
    known = projection_dataloader(tiny_config)
    runner = build(frozen(), projection_dataloader=known)
    runner.train()
    assert runner.cfg.projection_dataloader == known


def test_validation_sees_images(build, frozen):
    runner = build(
        frozen(),
        look=lambda runner, outputs: len(passes),
        val=True,
        **{'train_cfg.val_interval': 2},
    )
    passes = passes_of(runner)
    runner.train()
    # 12 views; none in training; three images after iterations 2 and 4
    assert runner.recorder.seen == [12, 12, 15, 15]
    assert passes == [1] * 18


PHASES = dict(
    type='mmproto.TrainingPhaseHook',
    phases=[
        dict(name='head', end=2, train=['decode_head']),
        dict(name='all'),
    ],
)


@pytest.mark.parametrize('phases_first', [True, False])
def test_with_all_other_hooks(build, frozen, phases_first):
    """No phase trains the backbone, and no hook looks at an image."""
    others = [
        PHASES,
        dict(type='mmproto.PrototypeInitHook', begin=2, pixels_per_class=5),
        dict(type='mmproto.SparsifyHook', target_zeros=0.5, begin=0, end=4),
        dict(type='mmproto.PrototypeProjectionHook', topk=2, before=3),
        dict(type='mmproto.PrototypeReseedHook', interval=2),
        dict(type='mmproto.ChannelsLastHook'),
        dict(type='EMAHook'),
        dict(type='mmproto.DatasetCheckHook'),
    ]
    hooks = [*others, frozen()] if phases_first else [frozen(), *others]
    runner = build(
        *hooks,
        look=lambda runner, outputs: {
            name.split('.')[0]
            for name, p in runner.model.named_parameters()
            if p.requires_grad
        },
    )
    passes = passes_of(runner)
    runner.train()
    assert passes == [1] * 12
    everything = {'neck', 'decode_head'}
    assert runner.recorder.seen == [{'decode_head'}] * 2 + [everything] * 2
    hook = next(h for h in runner.hooks if hasattr(h, 'record'))
    paths = {
        patch['image']
        for prototype in hook.record['prototypes']
        for patch in prototype['patches']
    }
    images = DATASETS.build(projection_dataloader(runner.cfg).dataset)
    assert paths <= {images.get_data_info(i)['img_path'] for i in range(6)}
    assert len(paths) > 1


def test_checkpoints_name_no_cache_and_resume(build, frozen, tmp_path):
    saving = {
        'default_hooks.checkpoint.interval': 2,
        'train_cfg.max_iters': 4,
    }
    runner = build(frozen(), **saving)
    runner.train()
    path = tmp_path / 'work' / 'iter_2.pth'
    meta = torch.load(path, weights_only=False)['meta']
    assert meta['dataset_meta']['classes'] == ('road', 'wall', 'car', 'sign')
    resumed = build(
        frozen(),
        look=lambda runner, outputs: runner.iter,
        load_from=str(path),
        resume=True,
        **saving,
    )
    passes = passes_of(resumed)
    resumed.train()
    assert passes == []
    assert resumed.recorder.seen == [2, 3]


def test_the_saved_config_names_no_cache(build, frozen, monkeypatch):
    monkeypatch.setattr(
        Config,
        'pretty_text',
        property(lambda cfg: str(cfg.get('projection_dataloader'))),
    )
    saved = {}
    runner = build(frozen())
    checkpoint = {'meta': dict(cfg='as the runner has it')}
    hook = next(h for h in runner.hooks if hasattr(h, 'options'))
    after = runner.recorder.look
    runner.recorder.look = lambda *args: (
        after(*args),
        hook.before_save_checkpoint(runner, checkpoint),
        saved.update(mine=runner.cfg.pretty_text),
    )
    runner.train()
    assert 'CachedFeatures' in saved['mine']
    assert checkpoint['meta']['cfg'] == 'None'


def test_an_epoch_is_a_pass_over_the_sample(build, frozen):
    runner = build(
        frozen(flip=False, cache_gb=4.5 * 30720 / 1e9),
        look=lambda runner, outputs: (runner.epoch, runner.max_iters),
        train_cfg=dict(
            _delete_=True, type='EpochBasedTrainLoop', max_epochs=2
        ),
        train_dataloader=dict(sampler=dict(type='DefaultSampler')),
    )
    runner.train()
    assert runner.recorder.seen == [(0, 4)] * 2 + [(1, 4)] * 2
    assert runner.train_loop.max_iters == 6


def test_windows_are_trained_on_and_images_projected(build, frozen):
    runner = build(
        frozen(),
        dict(type='mmproto.PrototypeProjectionHook', topk=1),
        **{
            'model.test_cfg': dict(
                mode='slide', crop_size=(64, 64), stride=(32, 32)
            )
        },
        look=lambda runner, outputs: len(runner.train_dataloader.dataset),
    )
    runner.train()
    assert runner.recorder.seen == [12] * 4  # two windows of each image
    hook = next(h for h in runner.hooks if hasattr(h, 'record'))
    patch = hook.record['prototypes'][0]['patches'][0]
    assert patch['feature_size'] == [8, 12]
    assert patch['image_size'] == [64, 96]


def test_clusters_come_from_the_windows(build, frozen, monkeypatch):
    seen = []

    def init(model, loader, options):
        seen.append(len(loader))

    monkeypatch.setattr(
        'mmproto.engine.hooks.prototype_init_hook.init_prototypes', init
    )
    slide = dict(mode='slide', crop_size=(64, 64), stride=(32, 32))
    runner = build(
        frozen(),
        dict(type='mmproto.PrototypeInitHook', begin=1),
        **{'model.test_cfg': slide},
    )
    runner.train()
    assert seen == [12]  # two windows of each of six images
    assert 'init_dataloader' not in runner.cfg


def test_views_need_images(build, frozen):
    collate = dict(type='mmproto.two_view_collate')
    runner = build(frozen(), **{'train_dataloader.collate_fn': collate})
    with pytest.raises(ValueError, match='without photometric views: remove'):
        runner.train()


def test_gradients_of_ranks_leave_the_backbone_out(
    build, frozen, tmp_path, monkeypatch
):
    monkeypatch.setenv('LOCAL_RANK', '0')
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    try:
        losses = []
        for changes in (
            {},
            dict(
                launcher='pytorch',
                model_wrapper_cfg=dict(
                    type='MMDistributedDataParallel', device_ids=None
                ),
            ),
        ):
            runner = build(
                frozen(),
                look=lambda runner, outputs: outputs['loss'].item(),
                **changes,
            )
            runner.train()
            losses.append(runner.recorder.seen)
    finally:
        torch.distributed.destroy_process_group()
    assert losses[1] == pytest.approx(losses[0], abs=1e-6)
