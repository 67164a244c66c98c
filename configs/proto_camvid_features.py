# First of two stages: latents learn to tell classes apart. What it saves is
# common ground for any number of second stages (proto_camvid_concepts.py).
_base_ = './proto_camvid.py'
stage = 184  # half of the budget of deeplabv3_camvid.py
train_cfg = dict(max_iters=stage, val_interval=stage)
custom_hooks = [
    *_base_.custom_hooks[:3],  # of default_runtime.py
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[dict(name='features', freeze=['decode_head.conv_seg'])],
    ),
]
