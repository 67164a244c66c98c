# ScaleProtoSeg, first stage: prototypes of each scale, on Cityscapes.
_base_ = [
    './_base_/scaleprotoseg_scales_lite0.py',
    './_base_/cityscapes_513.py',
    '../_base_/default_runtime.py',
    '../_base_/models/r50.py',
]
model = dict(
    data_preprocessor=dict(
        _delete_=True, **{**_base_.r50_input, 'size': (513, 513)}
    ),
    backbone=dict(_delete_=True, **_base_.r50),
    neck=dict(
        in_channels=2048,
        in_index=3,
        dilations=(6, 12, 18, 24),  # DeepLabV2
        norm_cfg=None,
    ),
    decode_head=dict(
        num_classes=19,
        num_concepts=228,  # three per class and scale
    ),
)
custom_hooks = [*_base_.custom_hooks, _base_.stages, _base_.pruned_push]
