# ScaleProtoSeg, first stage: prototypes of each scale, on drawn scenes.
_base_ = [
    './_base_/scaleprotoseg_scales_lite0.py',
    '../_base_/datasets/street_toy.py',
    './_base_/stages.py',
    '../_base_/default_runtime.py',
    '../_base_/models/lite0_stride8.py',
]
default_hooks = dict(logger=dict(interval=10))  # a step takes a second
model = dict(
    data_preprocessor=dict(size=(128, 256)),
    backbone=_base_.lite0_stride8,
    neck=dict(in_channels=112, in_index=3),
)
# One of two stages that share the budget.
train_cfg = dict(max_iters=90, val_interval=None)
warm = 20 / 90
param_scheduler = [
    dict(_base_.warm_up, end=warm),
    dict(_base_.decay, begin=warm),
]
custom_hooks = [*_base_.custom_hooks, _base_.stages, _base_.pruned_push]
