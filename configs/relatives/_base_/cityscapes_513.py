# Cityscapes as ProtoSeg and ScaleProtoSeg train on it: crops of 513x513, half
# to one and a half times as large, steps of five batches of two, the last
# layer at a constant 1e-5 (scaleproto_cityscapes.gin and
# baseline_cityscapes.gin of ScaleProtoSeg's repository).
_base_ = ['../../_base_/datasets/cityscapes.py', './stages.py']
crop_size = (513, 513)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=(2048, 1024),
        ratio_range=(0.5, 1.5),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(
    accumulative_counts=5,
    optimizer=dict(_delete_=True, type='Adam', lr=2.5e-4, weight_decay=5e-4),
    paramwise_cfg=dict(
        custom_keys=dict(backbone=dict(lr_mult=0.1)),
        norm_decay_mult=None,
    ),
)
param_scheduler = [dict(_base_.decay, begin=_base_.joint, end=_base_.last)]
train_cfg = dict(max_iters=175000, val_interval=33 / 350)
