# The proposed system on Cityscapes. Same backbone, data and schedule as
# deeplabv3_cityscapes.py.
_base_ = [
    './_base_/models/proto_r50.py',
    './_base_/datasets/cityscapes.py',
    './_base_/schedules/sgd_80k.py',
    './_base_/default_runtime.py',
]
optim_wrapper = dict(
    # The gradient of a share of evidence grows as the share falls: one crop
    # of a rare class must not undo the rest.
    clip_grad=dict(max_norm=10.0),
    paramwise_cfg=dict(
        custom_keys={
            # The proximal step shrinks these; lengths of prototypes mean
            # nothing.
            'decode_head.conv_seg': dict(decay_mult=0.0),
            'decode_head.prototype_layer': dict(decay_mult=0.0),
        }
    ),
)

# Shares of the run: they follow train_cfg.max_iters.
switch = 0.5  # as in the measured runs on CamVid
last = 0.975  # the rest is for the classifier alone
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
    dict(
        type='mmproto.PrototypeInitHook',
        begin=switch,
        min_cell_purity=0.9,
        pixels_per_class=10,  # of 2975 images
        latents_per_class=2000,  # at four scales of 256 channels: 150 MB
    ),
    dict(
        type='mmproto.SparsifyHook',
        target_zeros=0.98,  # 72 of 19 x 190 weights, 3.8 per class
        class_power=0.45,
        begin=switch,
        end=0.85,  # as in proto_camvid.py, two thirds of the second phase
    ),
    dict(type='mmproto.PrototypeHealthHook'),
    dict(
        type='mmproto.PrototypeProjectionHook',
        topk=10,
        before=last,
        end=False,
    ),
]
