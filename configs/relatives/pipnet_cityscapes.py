# PIP-Net, with the length of the black box, on Cityscapes.
_base_ = [
    './_base_/pipnet_lite0.py',
    './_base_/cityscapes_two_views.py',
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

pretrained = 11400  # epochs 10 : 60, used_arguments/*.txt
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[
            dict(
                name='concepts',
                end=pretrained,
                freeze=['decode_head.conv_seg'],
                losses=['loss_alignment_alone', 'loss_presence_alone'],
            ),
            dict(
                name='all',
                losses=['loss_ce', 'loss_alignment', 'loss_presence'],
            ),
        ],
    ),
    # there 1e-3 off every weight at every step, whatever the learning rate;
    # here as much at the first learning rate, 0.05
    dict(type='mmproto.SparsifyHook', strength=0.02, begin=pretrained),
    dict(type='mmproto.PrototypeProjectionHook', mode='mine'),
]
