# PIP-Net on drawn scenes.
_base_ = [
    './_base_/pipnet_lite0.py',
    '../_base_/datasets/street_toy.py',
    './_base_/two_views.py',
    '../_base_/schedules/adamw_street_toy.py',
    '../_base_/default_runtime.py',
    '../_base_/models/lite0_stride8.py',
]
default_hooks = dict(logger=dict(interval=10))  # a step takes a second
model = dict(
    data_preprocessor=dict(size=(128, 256)),
    backbone=_base_.lite0_stride8,
    neck=dict(in_channels=112, in_index=3),
)
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            # a hundred times the backbone's: used_arguments/*.txt
            'decode_head.conv_seg': dict(lr_mult=25.0, decay_mult=0.0),
        }
    )
)
train_dataloader = dict(
    batch_size=4,  # images; with two views as many samples as the others
    collate_fn=dict(type='mmproto.two_view_collate'),
    dataset=dict(
        # geometry once
        pipeline=[*_base_.train_pipeline[:-1], _base_.two_views]
    ),
)
custom_hooks = [*_base_.custom_hooks, *_base_.hooks]
