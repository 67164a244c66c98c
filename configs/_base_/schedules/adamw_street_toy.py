# What a laptop's CPU trains in three minutes. The black box and the concept
# model share it.
max_iters = 180
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-2),
    paramwise_cfg=dict(
        custom_keys=dict(backbone=dict(lr_mult=0.25)),  # from ImageNet
        norm_decay_mult=0.0,
    ),
)
param_scheduler = [
    # The first iterations would spoil ImageNet's features.
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
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=180
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
