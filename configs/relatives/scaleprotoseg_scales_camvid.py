# ScaleProtoSeg, first stage: prototypes of each scale, on CamVid.
_base_ = [
    './_base_/scaleprotoseg_scales_lite0.py',
    '../_base_/datasets/camvid.py',
    './_base_/stages.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(288, 384)))
# One of two stages that share the budget.
train_cfg = dict(max_iters=184, val_interval=None)
warm = 20 / 184
param_scheduler = [
    dict(_base_.warm_up, end=warm),
    dict(_base_.decay, begin=warm),
]
custom_hooks = [*_base_.custom_hooks, _base_.stages, _base_.pruned_push]
