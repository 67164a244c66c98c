"""Every config trains, saves, resumes and tests, on very small pictures.

Nothing of a config is replaced but sizes, paths and numbers of iterations;
the drawn scenes have the layout and the label ids of Cityscapes.
"""

import math
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mmproto.datasets.street_scenes.writer import write_street_scenes

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NAMES = [
    str(path.relative_to(CONFIGS).with_suffix(''))
    for path in sorted(
        [*CONFIGS.glob('*.py'), *CONFIGS.glob('relatives/*.py')]
    )
]
SIZE = (64, 128)
# Their files do not end as those of Cityscapes do.
OWN_NAMES = ('mmproto.CamVidDataset', 'mmproto.CarPartsDataset')
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')

pytestmark = pytest.mark.smoke


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    """Four drawn scenes to train on and two to validate."""
    folder = tmp_path_factory.mktemp('scenes')
    write_street_scenes(str(folder), 4, 2, 0, SIZE)
    return folder


def shrink(cfg, scenes):
    """Make a config fit for a CPU and seconds."""
    cfg.model.data_preprocessor.size = SIZE
    if cfg.model.backbone.type == 'ResNet':
        cfg.model.backbone.base_channels = 16  # instead of 64
        last = cfg.model.get('neck') or cfg.model.decode_head
        last.in_channels //= 4
    for name in LOADERS:
        split = name.split('_')[0].replace('test', 'val')
        loader = cfg[name]
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        masks = loader.dataset.get('seg_map_suffix')
        if cfg.dataset_type in OWN_NAMES:
            masks = '_gtFine_labelTrainIds.png'
            loader.dataset.update(img_suffix='_leftImg8bit.png')
            loader.dataset.update(seg_map_suffix=masks)
        loader.dataset.update(data_root=str(scenes))
        loader.dataset.data_prefix = dict(
            img_path=f'leftImg8bit/{split}', seg_map_path=f'gtFine/{split}'
        )
        replace(loader.dataset.pipeline, 'scale', SIZE[::-1])
        replace(loader.dataset.pipeline, 'crop_size', SIZE)
    # A phase of a training lasts one step; two and the first of the third,
    # if there are as many, before the resume.
    for hook in cfg.get('custom_hooks', []):
        for step, phase in enumerate(hook.get('phases', [])[:-1], 1):
            phase.end = step
        for key, step in (('begin', 1), ('end', 2), ('before', 2)):
            if hook.get(key):  # neither 0 nor False
                hook[key] = step
    cfg.load_from = None  # what another config trains
    cfg.train_cfg.update(max_iters=3, val_interval=3)
    cfg.default_hooks.logger.interval = 1
    cfg.default_hooks.checkpoint.interval = 3


def replace(node, key, value):
    """Give `key` another value wherever a nest of dicts and lists has it."""
    if isinstance(node, dict):
        for name in node:
            if name == key:
                node[name] = value
            else:
                replace(node[name], key, value)
    elif isinstance(node, list | tuple):
        for item in node:
            replace(item, key, value)


def run(cfg, name, **changes):
    """A runner of the config with a log history of its own."""
    cfg = cfg.copy()
    cfg.update(experiment_name=f'{Path(cfg.work_dir).parent.name}-{name}')
    cfg.update(changes)
    return Runner.from_cfg(cfg)


@pytest.mark.parametrize('name', NAMES)
def test_config_trains_resumes_and_tests(name, scenes, tmp_path):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.model.backbone.pop('init_cfg', None)  # tests need no weights
    with DefaultScope.overwrite_default_scope('mmseg'):
        MODELS.build(cfg.model)

    shrink(cfg, scenes)
    cfg.work_dir = str(tmp_path / 'work')
    run(cfg, 'train').train()

    cfg.train_cfg.update(max_iters=4, val_interval=4)
    resumed = run(cfg, 'resume', resume=True)
    resumed.train()
    losses = resumed.message_hub.get_scalar('train/loss').data[0]
    # one loss of this process after the three of the first
    assert len(losses) == resumed.iter == 4
    assert all(math.isfinite(loss) for loss in losses)

    checkpoint = tmp_path / 'work' / 'iter_4.pth'
    metrics = run(cfg, 'test', load_from=str(checkpoint)).test()
    assert 0 <= metrics['mIoU'] <= 100
