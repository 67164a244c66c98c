# ReProSeg on CamVid.
_base_ = [
    './_base_/reproseg_lite0.py',
    './_base_/camvid_two_views.py',
    '../_base_/schedules/adamw_camvid.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(288, 384)))
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            # a hundred times the backbone's: training/default.yaml
            'decode_head.conv_seg': dict(lr_mult=25.0, decay_mult=0.0),
        }
    )
)

pretrained = 37  # epochs 100 of 1000, src/config/yaml/training/default.yaml
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[
            dict(
                name='concepts',
                end=pretrained,
                freeze=['decode_head.conv_seg'],
                losses=[
                    'loss_alignment',
                    'loss_jensen_shannon',
                    'loss_presence',
                ],
            ),
            dict(name='all'),
        ],
    ),
    dict(type='mmproto.PrototypeProjectionHook', mode='mine'),
]
