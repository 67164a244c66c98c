# The proposed system on drawn street scenes: all of mmproto in minutes on a
# laptop's CPU. Same backbone, data and schedule as deeplabv3_street_toy.py.
_base_ = [
    './_base_/models/proto_lite0.py',
    './_base_/datasets/street_toy.py',
    './_base_/schedules/adamw_street_toy.py',
    './_base_/default_runtime.py',
    './_base_/models/lite0_stride8.py',
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
            # Starts at shares of labels and has few steps to learn in.
            # The proximal step shrinks it: no decay besides.
            'decode_head.conv_seg': dict(lr_mult=5.0, decay_mult=0.0),
            # The length of a prototype means nothing.
            'decode_head.prototype_layer': dict(decay_mult=0.0),
        }
    )
)

# Shares of the run: they follow train_cfg.max_iters.
switch = 0.5
last = 0.933  # twelve steps for the classifier alone
train_cfg = dict(val_interval=last)  # before projection, and at the end
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[  # as in proto_camvid.py
            dict(name='features', end=switch, freeze=['decode_head.conv_seg']),
            dict(name='concepts', end=last),
            dict(name='classifier', train=['decode_head.conv_seg']),
        ],
    ),
    dict(type='mmproto.PrototypeInitHook', begin=switch, min_cell_purity=0.9),
    dict(
        type='mmproto.SparsifyHook',
        target_zeros=0.98,
        class_power=0.45,
        begin=switch,
        end=0.833,
    ),
    dict(type='mmproto.PrototypeHealthHook'),
    dict(
        type='mmproto.PrototypeProjectionHook',
        topk=10,
        before=last,
        end=False,
    ),
]
