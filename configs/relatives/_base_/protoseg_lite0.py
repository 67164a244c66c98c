# ProtoSeg, https://arxiv.org/abs/2301.12276.
_base_ = '../../_base_/models/deeplabv3_lite0.py'
model = dict(
    neck=dict(
        type='mmproto.SeparateASPP',
        in_channels=320,
        in_index=4,
        channels=64,  # baseline_cityscapes.gin
        dilations=(1, 2, 4),  # those of the black box
        fusion='sum',  # DeepLabV2
        # as the black box has it; the public code, none
        norm_cfg=dict(type='BN', requires_grad=True),
        act_cfg=dict(type='Sigmoid'),
    ),
    decode_head=dict(
        _delete_=True,
        type='mmproto.PrototypeHead',
        in_channels=64,
        channels=64,
        num_concepts=110,  # ten per class, baseline_cityscapes.gin
        prototype_layer=dict(type='mmproto.DistancePrototypes'),
        classifier=dict(type='mmproto.ClassSpecificConv2d'),  # +1 / -0.5
        link='softmax',
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
        concept_losses=[
            # Labels are right here; the released code shifts them by one:
            # label_shift=True. Weights of baseline_cityscapes.gin.
            dict(
                type='mmproto.DistanceDiversityLoss',
                loss_weight=0.25,
                as_published=True,
            ),
            dict(
                type='mmproto.SparsityLoss',
                loss_weight=1e-4,
                spare_own_class=True,
            ),
        ],
        num_classes=11,
        align_corners=False,
    ),
)
