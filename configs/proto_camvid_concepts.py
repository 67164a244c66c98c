# Second of two stages: concepts on the latents of proto_camvid_features.py.
# Both together do what proto_camvid.py does in one run, with its budget.
_base_ = './proto_camvid.py'
load_from = 'work_dirs/proto_camvid_features/iter_184.pth'
last = 0.913  # sixteen steps for the classifier alone
# The curve of the learning rate goes on where the first stage stopped.
optim_wrapper = dict(optimizer=dict(lr=1.13e-3))
param_scheduler = [dict(_base_.decay, begin=0)]
train_cfg = dict(max_iters=184, val_interval=None)
custom_hooks = [
    *_base_.custom_hooks[:3],  # of default_runtime.py
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[
            dict(name='concepts', end=last),
            dict(name='classifier', train=['decode_head.conv_seg']),
        ],
    ),
    dict(type='mmproto.PrototypeInitHook', begin=0, min_cell_purity=0.9),
    dict(
        type='mmproto.SparsifyHook',
        target_zeros=0.98,
        class_power=0.45,
        end=0.696,
    ),
    dict(type='mmproto.PrototypeHealthHook'),
    dict(
        type='mmproto.PrototypeProjectionHook',
        topk=10,
        before=last,
        end=False,
    ),
]
