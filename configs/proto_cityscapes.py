# The proposed system on Cityscapes. Same backbone, data and schedule as
# deeplabv3_cityscapes.py.
_base_ = [
    './_base_/models/proto_r50.py',
    './_base_/datasets/cityscapes.py',
    './_base_/schedules/sgd_80k.py',
    './_base_/default_runtime.py',
]
optim_wrapper = dict(
    # The gradient of a share of evidence grows as the share falls; a crop of
    # one rare class must not undo the rest.
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

switch = 40000  # half of the schedule, as in the measured trial on CamVid
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
    dict(
        type='mmproto.PrototypeInitHook',
        begin=switch,
        pixels_per_class=10,  # of 2975 images
    ),
    # The learning rates of the second phase sum to 116, columns of the
    # classifier to 1: what is below 0.1 and not needed goes.
    dict(type='mmproto.SparsifyHook', strength=0.001, begin=switch),
    dict(type='mmproto.PrototypeHealthHook'),
    dict(type='mmproto.PrototypeProjectionHook', topk=10),
]
