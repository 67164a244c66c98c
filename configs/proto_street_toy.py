# The proposed system on drawn street scenes: all of mmproto in minutes on a
# laptop's CPU. Same backbone, data and schedule as deeplabv3_street_toy.py.
_base_ = [
    './_base_/models/proto_lite0.py',
    './_base_/datasets/street_toy.py',
    './_base_/schedules/adamw_street_toy.py',
    './_base_/default_runtime.py',
]
default_hooks = dict(logger=dict(interval=10))  # a step takes a second
model = dict(
    data_preprocessor=dict(size=(128, 256)),
    # Of 128 rows stride 16 leaves eight: stride 8, and not the last stage,
    # which would cost as much there as all others.
    backbone=dict(
        output_stride=8,
        out_indices=(0, 1, 2, 3),
        # Else timm runs the last stage all the same and throws it away.
        feature_cfg=dict(feature_cls='list', flatten_sequential=True),
        init_cfg=dict(checkpoint='imagenet://efficientnet_lite0_to_blocks_4'),
    ),
    neck=dict(in_channels=112, in_index=3),
)
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            # From shares of labels to what the loss asks for in few steps.
            # The proximal step shrinks it: no decay besides.
            'decode_head.conv_seg': dict(lr_mult=5.0, decay_mult=0.0),
            # The length of a prototype means nothing.
            'decode_head.prototype_layer': dict(decay_mult=0.0),
        }
    )
)

switch = 120  # two thirds: most is learned before it
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[
            # Each concept stands for one class: latents learn to tell
            # classes apart.
            dict(name='features', end=switch, freeze=['decode_head.conv_seg']),
            dict(name='concepts'),
        ],
    ),
    dict(type='mmproto.PrototypeInitHook', begin=switch),
    # The learning rates of the classifier sum to 0.13 in the second phase, its
    # columns to 1: what is below 0.1 and not needed goes.
    dict(type='mmproto.SparsifyHook', strength=0.8, begin=switch),
    dict(type='mmproto.PrototypeHealthHook'),
    dict(type='mmproto.PrototypeProjectionHook', topk=10),
]
