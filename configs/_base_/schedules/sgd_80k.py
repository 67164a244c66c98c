# mmseg's schedule of 80000 iterations, for 4 GPUs of 2 crops.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005),
)
param_scheduler = [
    dict(type='PolyLR', eta_min=1e-4, power=0.9, begin=0, by_epoch=False)
]
train_cfg = dict(
    type='mmproto.ShareIterLoop', max_iters=80000, val_interval=0.1
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
