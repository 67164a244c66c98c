# ProtoPNet, with the schedule of ProtoSeg, on Cityscapes.
_base_ = [
    './_base_/protopnet_lite0.py',
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
        norm_cfg=_base_.r50_norm,
    ),
    decode_head=dict(
        num_classes=19,
        num_concepts=190,  # ten per class
    ),
)
custom_hooks = [*_base_.custom_hooks, _base_.stages, _base_.push]
