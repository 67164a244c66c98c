# The proposed system on the backbone of `deeplabv3_lite0.py`.
_base_ = './deeplabv3_lite0.py'
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    neck=dict(
        type='mmproto.SharedASPP',
        in_channels=320,
        in_index=4,
        channels=64,
        dilations=(1, 3, 6),  # those of the black box
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        _delete_=True,
        type='mmproto.PrototypeHead',
        in_channels=64,
        channels=64,
        num_classes=11,
        num_concepts=121,  # eleven a class
        prototype_layer=dict(
            type='mmproto.CosinePrototypes',
            temperature=0.05,  # sharp: fewer concepts a decision
            learn_temperature=False,
        ),
        link='share',
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
)
