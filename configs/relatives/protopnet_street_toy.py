# ProtoPNet on drawn scenes.
_base_ = [
    './_base_/protopnet_lite0.py',
    '../_base_/datasets/street_toy.py',
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
            'decode_head.conv_seg': dict(decay_mult=0.0),
            'decode_head.prototype_layer': dict(decay_mult=0.0),
        }
    )
)

# Warm-up, joint training and last layer as 3000 : 30000 : 2000 steps, as in
# baseline_cityscapes.gin of gmum/proto-segmentation.
warm = 15
last = 170
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[
            dict(
                name='warm',
                end=warm,
                train=['neck', 'decode_head'],
                freeze=['decode_head.conv_seg'],
            ),
            dict(name='joint', end=last, freeze=['decode_head.conv_seg']),
            dict(
                name='last_layer',
                train=['decode_head.conv_seg'],
                losses=['loss_ce', 'loss_sparsity'],
            ),
        ],
    ),
    dict(
        type='mmproto.PrototypeProjectionHook',
        before=last,
        end=False,
        own_class=True,
    ),
]
