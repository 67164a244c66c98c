# Second stage of ScaleProtoSeg, https://arxiv.org/abs/2409.09497: the same
# prototypes in groups.
_base_ = './scaleprotoseg_scales_lite0.py'
model = dict(
    decode_head=dict(
        num_concepts=33,  # three groups per class, group_scaleproto_*.gin
        prototypes_per_concept=3,  # nine per class
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

# Groups alone, then with the last layer, as 2000 : 30000 steps of
# group_scaleproto_cityscapes.gin; latents and prototypes stay.
alone = 1 / 16
groups = 'decode_head.concept_pooling'
hooks = [
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
