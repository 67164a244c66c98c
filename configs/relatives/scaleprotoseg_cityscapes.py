# ScaleProtoSeg, second stage: groups of prototypes, on Cityscapes.
_base_ = './scaleprotoseg_scales_cityscapes.py'
load_from = 'work_dirs/scaleprotoseg_scales_cityscapes/iter_175000.pth'
model = dict(
    decode_head=dict(
        num_concepts=57,  # three groups per class
        prototypes_per_concept=4,  # twelve per class
        concept_pooling=dict(type='mmproto.SimplexGroups'),
        concept_losses=[
            # weights of group_scaleproto_cityscapes.gin
            dict(type='mmproto.GroupEntropyLoss', loss_weight=0.05),
            dict(
                type='mmproto.SparsityLoss',
                loss_weight=1e-3,
                spare_own_class=True,
            ),
        ],
    )
)

# Groups alone, then with the last layer, 2000 and 30000 steps of
# group_scaleproto_cityscapes.gin; latents and prototypes stay.
alone = 1 / 16
groups = 'decode_head.concept_pooling'
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={groups: dict(decay_mult=0.0)})
)
param_scheduler = [dict(_base_.decay, begin=alone)]
train_cfg = dict(max_iters=160000, val_interval=0.1)
custom_hooks = [
    *_base_.custom_hooks[:-2],
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[
            dict(name='groups', end=alone, train=[groups]),
            dict(name='joint', train=[groups, 'decode_head.conv_seg']),
        ],
    ),
    dict(type='mmproto.SimplexHook'),
    dict(type='mmproto.PrototypeProjectionHook', mode='mine'),
]
