# The stages of ProtoPNet and its descendants: warm-up, joint training and last
# layer as 3000 : 30000 : 2000 steps, as in baseline_cityscapes.gin of
# ScaleProtoSeg's repository.
_base_ = '../../_base_/schedules/adamw_camvid.py'
joint = 3 / 35
last = 33 / 35
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'decode_head.conv_seg': dict(decay_mult=0.0),
            'decode_head.prototype_layer': dict(decay_mult=0.0),
        }
    )
)
stages = dict(
    type='mmproto.TrainingPhaseHook',
    phases=[
        dict(
            name='warm',
            end=joint,
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
pruned_push = dict(**push, prune=dict(nearest=6, at_least=3))  # run_pruning.py
