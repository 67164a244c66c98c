# ScaleProtoSeg, second stage: groups of prototypes, on CamVid.
_base_ = [
    './_base_/scaleprotoseg_lite0.py',
    '../_base_/datasets/camvid.py',
    './_base_/adamw_camvid_half.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(288, 384)))
load_from = 'work_dirs/scaleprotoseg_scales_camvid/iter_184.pth'
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'decode_head': dict(decay_mult=0.0)})
)

# Groups alone, then with the last layer, as 2000 : 30000 steps of
# group_scaleproto_cityscapes.gin; latents and prototypes stay.
warm = 12
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
