# baseline_cityscapes.gin of ScaleProtoSeg's repository: 3000, 30000 and 2000
# steps of five batches of two; the last layer at a constant 1e-5.
warm = 15000
last = 165000
max_iters = 175000
optim_wrapper = dict(
    type='OptimWrapper',
    accumulative_counts=5,
    optimizer=dict(type='Adam', lr=2.5e-4, weight_decay=5e-4),
    paramwise_cfg=dict(
        custom_keys={
            'backbone': dict(lr_mult=0.1),
            'decode_head.conv_seg': dict(decay_mult=0.0),
            'decode_head.prototype_layer': dict(decay_mult=0.0),
        }
    ),
)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=1e-5,
        power=0.9,
        begin=warm,
        end=last,
        by_epoch=False,
    )
]
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=16500
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
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
