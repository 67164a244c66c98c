"""A sweep whose trainings take no time."""

import pytest
from pretend import EVALUATE, TRAIN

from mmproto.ablation.runs import plan_runs
from mmproto.ablation.sweep import read_sweep

BASE = """
model = dict(
    type='EncoderDecoder',
    decode_head=dict(
        type='mmproto.PrototypeHead',
        prototype_layer=dict(type='mmproto.CosinePrototypes'),
    ),
)
test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={'norm': dict(lr=1), 'norm.weight': dict(lr=2)}
    )
)
switch = 20
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=8000))
custom_hooks = [
    dict(type='mmproto.SparsifyHook', strength=0.2, begin=switch),
    dict(type='mmproto.PrototypeProjectionHook', topk=2),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=40)
load_from = None
"""


@pytest.fixture
def write_sweep(tmp_path):
    """Writes a sweep file of these rows beside a base config."""
    (tmp_path / 'base.py').write_text(BASE)

    def write(rows, **entries):
        entries = dict(config='base.py', rows=rows) | entries
        path = tmp_path / 'sweep.py'
        path.write_text('\n'.join(f'{k} = {v!r}' for k, v in entries.items()))
        return path

    return write


@pytest.fixture
def plan(write_sweep, tmp_path):
    """Plans the runs of these rows in `tmp_path / 'work'`."""

    def make(rows, **options):
        sweep = read_sweep(write_sweep(rows))
        return plan_runs(sweep, tmp_path / 'work', **options)

    return make


@pytest.fixture
def tools(tmp_path):
    """A folder of commands that only pretend."""
    folder = tmp_path / 'tools'
    (folder / 'analysis_tools').mkdir(parents=True)
    (folder / 'train.py').write_text(TRAIN)
    evaluate = folder / 'analysis_tools' / 'evaluate_explanations.py'
    evaluate.write_text(EVALUATE)
    return folder


@pytest.fixture
def camvid(tmp_path):
    """Makes configs of data sets of empty files, which can be counted."""

    def make(images):
        root = tmp_path / f'camvid{images}'
        for kind in ('img_dir', 'ann_dir'):
            folder = root / kind / 'train'
            folder.mkdir(parents=True, exist_ok=True)
            for index in range(images):
                (folder / f'{index}.png').touch()
        return dict(
            type='mmproto.CamVidDataset',
            data_root=str(root),
            data_prefix=dict(
                img_path='img_dir/train', seg_map_path='ann_dir/train'
            ),
        )

    return make
