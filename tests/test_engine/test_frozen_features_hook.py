"""Training on kept features of a frozen backbone."""

import copy

import pytest
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATASETS
from mmseg.registry import MODELS

from mmproto.datasets.plain_loader import projection_dataloader


@pytest.fixture
def frozen(tmp_path):
    """Builds the config of the hook, with a cache of the test's own."""

    def config(**options):
        folder = str(tmp_path / 'cache')
        return dict(type='mmproto.FrozenFeaturesHook', cache=folder) | options

    return config


class Drawn:
    """Keeps which images, flips and losses the iterations had."""

    priority = 'LOWEST'


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


@pytest.mark.smoke
@pytest.mark.parametrize(
    ('dtype', 'tolerance'), [('float32', 1e-6), ('float16', 1e-3)]
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
    print(dtype, expected, runner.recorder.seen)
    assert runner.recorder.seen == pytest.approx(expected, abs=tolerance)


def call_before_train(runner, start):
    """Keep the weights with which the training starts."""
    call_hook = type(runner).call_hook

    def call(name, **kwargs):
        if name == 'before_train':
            state = copy.deepcopy(runner.model.state_dict())
            start['state'] = state
        call_hook(runner, name, **kwargs)

    return call
