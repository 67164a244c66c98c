# ScaleProtoSeg, second stage: groups of prototypes, on drawn scenes.
_base_ = [
    './_base_/scaleprotoseg_lite0.py',
    '../_base_/datasets/street_toy.py',
    './_base_/adamw_street_toy_half.py',
    '../_base_/default_runtime.py',
    '../_base_/models/lite0_stride8.py',
]
default_hooks = dict(logger=dict(interval=10))  # a step takes a second
model = dict(
    data_preprocessor=dict(size=(128, 256)),
    backbone=_base_.lite0_stride8,
    neck=dict(in_channels=112, in_index=3),
)
load_from = 'work_dirs/scaleprotoseg_scales_street_toy/iter_90.pth'
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'decode_head': dict(decay_mult=0.0)})
)

# Groups alone, then with the last layer, as 2000 : 30000 steps of
# group_scaleproto_cityscapes.gin; latents and prototypes stay.
warm = 6
groups = 'decode_head.concept_pooling'
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[
            dict(name='groups', end=warm, train=[groups]),
            dict(name='joint', train=[groups, 'decode_head.conv_seg']),
        ],
    ),
    dict(type='mmproto.SimplexHook'),
    dict(type='mmproto.PrototypeProjectionHook', mode='mine'),
]
