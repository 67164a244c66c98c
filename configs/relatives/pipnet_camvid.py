# PIP-Net on CamVid.
_base_ = [
    './_base_/pipnet_lite0.py',
    '../_base_/datasets/camvid.py',
    './_base_/two_views.py',
    '../_base_/schedules/adamw_camvid.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(288, 384)))
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
