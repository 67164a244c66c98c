# Eight epochs of CamVid's 367 images at batch 8: what half an hour of a
# laptop's CPU allows. The black box and the concept model share it. Floats
# between 0 and 1 are shares of the run: they follow max_iters.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-2),
    paramwise_cfg=dict(
        custom_keys=dict(backbone=dict(lr_mult=0.25)),  # from ImageNet
        norm_decay_mult=0.0,
    ),
)
warm = 20 / 368  # full steps from the start would spoil ImageNet's features
warm_up = dict(
    type='LinearLR', start_factor=0.1, begin=0, end=warm, by_epoch=False
)
decay = dict(
    type='PolyLR', eta_min=1e-5, power=0.9, begin=warm, by_epoch=False
)
param_scheduler = [warm_up, decay]
train_cfg = dict(type='mmproto.ShareIterLoop', max_iters=368, val_interval=0.5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
