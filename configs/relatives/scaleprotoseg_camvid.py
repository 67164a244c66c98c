# ScaleProtoSeg, second stage: groups of prototypes, on CamVid.
_base_ = [
    './_base_/scaleprotoseg_lite0.py',
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
load_from = 'work_dirs/scaleprotoseg_scales_camvid/iter_184.pth'
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'decode_head': dict(decay_mult=0.0)})
)
custom_hooks = [*_base_.custom_hooks, *_base_.hooks]
