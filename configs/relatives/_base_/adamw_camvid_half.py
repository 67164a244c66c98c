# One of two stages that share the budget.
_base_ = '../../_base_/schedules/adamw_camvid.py'
max_iters = 184
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=20, by_epoch=False),
    dict(
        type='PolyLR',
        eta_min=1e-5,
        power=0.9,
        begin=20,
        end=max_iters,
        by_epoch=False,
    ),
]
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'decode_head.conv_seg': dict(decay_mult=0.0),
            'decode_head.prototype_layer': dict(decay_mult=0.0),
        }
    )
)

# Warm-up, joint training and last layer as 3000 : 30000 : 2000 steps, as in
# baseline_cityscapes.gin of ScaleProtoSeg's repository.
warm = 16
last = 173
stages = dict(
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
)
push = dict(
    type='mmproto.PrototypeProjectionHook',
    before=last,
    end=False,
    own_class=True,
)
