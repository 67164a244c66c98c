# CamVid in the stages of ProtoPNet and its descendants.
_base_ = '../../_base_/schedules/adamw_camvid.py'
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
warm = 32
last = 347
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
