# PIP-Net, with the length of the black box, on Cityscapes.
_base_ = [
    './_base_/pipnet_lite0.py',
    '../_base_/datasets/cityscapes.py',
    './_base_/two_views.py',
    '../_base_/schedules/sgd_80k.py',
    '../_base_/default_runtime.py',
    '../_base_/models/r50.py',
]
model = dict(
    data_preprocessor=dict(_delete_=True, **_base_.r50_input),
    backbone=dict(_delete_=True, **_base_.r50),
    neck=dict(
        in_channels=2048,
        in_index=3,
        channels=256,
        norm_cfg=_base_.r50_norm,
    ),
    decode_head=dict(
        num_classes=19,
        in_channels=256,
        channels=256,
        num_concepts=256,  # as many as ReProSeg
    ),
)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.0),
    paramwise_cfg=dict(
        # a hundred times the backbone's: used_arguments/*.txt
        custom_keys={'decode_head.conv_seg': dict(lr_mult=100.0)}
    ),
)
train_dataloader = dict(
    batch_size=1,  # image; with two views as many samples as the others
    collate_fn=dict(type='mmproto.two_view_collate'),
    dataset=dict(
        # geometry once
        pipeline=[*_base_.train_pipeline[:-1], _base_.two_views]
    ),
)

pretrained = 0.1425  # 11400 of 80000 iterations
concepts, everything = _base_.hooks[0].phases
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[dict(concepts, end=pretrained), everything],
    ),
    dict(_base_.hooks[1], begin=pretrained),
    _base_.hooks[2],
]
