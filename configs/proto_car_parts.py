# The proposed system on Car-Parts, for a laptop's CPU. Same backbone, data,
# schedule and budget as deeplabv3_car_parts.py; the recipe of proto_camvid.py.
_base_ = [
    './_base_/models/proto_lite0.py',
    './_base_/datasets/car_parts.py',
    './_base_/schedules/adamw_car_parts.py',
    './_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(256, 256)), decode_head=dict(num_classes=19)
)
# Mirrored views in test-time augmentation show the other side of a car.
tta_model = dict(flip_pairs=_base_.flip_pairs)
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            # Starts at shares of labels and has few steps to learn in.
            # Pruning shrinks it: no decay besides.
            'decode_head.conv_seg': dict(lr_mult=5.0, decay_mult=0.0),
            # The length of a prototype means nothing.
            'decode_head.prototype_layer': dict(decay_mult=0.0),
        }
    )
)

# Shares of the run: they follow train_cfg.max_iters.
switch = 0.5
last = 0.957  # 52 steps for the classifier alone, three times as fast
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
        target_zeros=0.98,  # 48 of 19 x 128 weights
        class_power=0.45,
        begin=switch,
        end=0.848,  # 130 steps to settle
    ),
    dict(type='mmproto.PrototypeHealthHook'),
    dict(
        type='mmproto.PrototypeProjectionHook',
        topk=10,
        before=last,
        end=False,
    ),
]
