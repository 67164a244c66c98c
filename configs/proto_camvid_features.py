# First of two stages: latents learn to tell classes apart. What it saves is
# common ground for any number of second stages (proto_camvid_concepts.py).
_base_ = './proto_camvid.py'
# Half of the budget of deeplabv3_camvid.py, and of its learning rate's curve.
train_cfg = dict(max_iters=184, val_interval=None)
warm = 20 / 184
param_scheduler = [
    dict(_base_.warm_up, end=warm),
    dict(_base_.decay, begin=warm, end=2.0),
]
custom_hooks = [
    *_base_.custom_hooks[:3],  # of default_runtime.py
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[dict(name='features', freeze=['decode_head.conv_seg'])],
    ),
]
