# PIP-Net on CamVid.
_base_ = [
    './_base_/pipnet_lite0.py',
    './_base_/camvid_two_views.py',
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

pretrained = 53  # epochs 10 : 60, used_arguments/*.txt
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[
            dict(
                name='concepts',
                end=pretrained,
                freeze=['decode_head.conv_seg'],
                losses=['loss_alignment_alone', 'loss_presence_alone'],
            ),
            dict(
                name='all',
                losses=['loss_ce', 'loss_alignment', 'loss_presence'],
            ),
        ],
    ),
    # there 1e-3 off every weight at every step, whatever the learning rate;
    # here as much at the first learning rate, 0.05
    dict(type='mmproto.SparsifyHook', strength=0.02, begin=pretrained),
    dict(type='mmproto.PrototypeProjectionHook', mode='mine'),
]
