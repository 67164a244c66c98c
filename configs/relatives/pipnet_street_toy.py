# PIP-Net on drawn scenes.
_base_ = [
    './_base_/pipnet_lite0.py',
    './_base_/street_toy_two_views.py',
    '../_base_/schedules/adamw_street_toy.py',
    '../_base_/default_runtime.py',
    '../_base_/models/lite0_stride8.py',
]
default_hooks = dict(logger=dict(interval=10))  # a step takes a second
model = dict(
    data_preprocessor=dict(size=(128, 256)),
    backbone=_base_.lite0_stride8,
    neck=dict(in_channels=112, in_index=3),
)
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            # a hundred times the backbone's: used_arguments/*.txt
            'decode_head.conv_seg': dict(lr_mult=25.0, decay_mult=0.0),
        }
    )
)

pretrained = 26  # epochs 10 : 60, used_arguments/*.txt
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
