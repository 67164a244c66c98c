# ProtoPNet, https://arxiv.org/abs/1806.10574, as a segmenter.
_base_ = '../../_base_/models/deeplabv3_lite0.py'
model = dict(
    neck=dict(
        type='mmproto.SharedASPP',
        in_channels=320,
        in_index=4,
        channels=128,  # section 3.1
        dilations=(1,),  # one scale
        norm_cfg=dict(type='BN', requires_grad=True),
        act_cfg=dict(type='Sigmoid'),  # latents and prototypes in [0, 1]
    ),
    decode_head=dict(
        _delete_=True,
        type='mmproto.PrototypeHead',
        in_channels=128,
        channels=128,
        num_concepts=110,  # ten per class, section 3.1
        prototype_layer=dict(type='mmproto.DistancePrototypes'),
        classifier=dict(type='mmproto.ClassSpecificConv2d'),  # +1 / -0.5
        link='softmax',
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
        concept_losses=[
            # weights of settings.py of cfchen-duke/ProtoPNet
            dict(type='mmproto.ClusterLoss', loss_weight=0.8),
            dict(type='mmproto.SeparationLoss', loss_weight=0.08),
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
