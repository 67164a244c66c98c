# The proposed system on the backbone of `deeplabv3_r50.py`: one kernel for all
# dilation rates, concepts shared by the classes, a sparse classifier.
_base_ = './deeplabv3_r50.py'
model = dict(
    neck=dict(
        type='mmproto.SharedASPP',
        in_channels=2048,
        in_index=3,
        channels=512,  # as many as the black box has
        act_cfg=dict(type='ReLU'),  # as in proto_lite0.py
        dilations=(1, 12, 24, 36),  # those of the black box
        norm_cfg=_base_.r50_norm,
    ),
    decode_head=dict(
        _delete_=True,
        type='mmproto.PrototypeHead',
        in_channels=512,
        channels=256,  # of a latent
        num_classes=19,
        num_concepts=190,  # ten per class, as ProtoSeg has
        prototypes_per_concept=3,  # as in proto_lite0.py
        prototype_layer=dict(
            type='mmproto.CosinePrototypes',
            temperature=0.05,  # sharp: fewer concepts per decision
            learn_temperature=False,
        ),
        link='share',
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
)
