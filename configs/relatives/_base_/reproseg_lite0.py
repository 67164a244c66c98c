# ReProSeg, https://github.com/PortikAbel/ReProSeg.
_base_ = '../../_base_/models/deeplabv3_lite0.py'
model = dict(
    neck=dict(
        # There three parameters on one storage, of which only the first is
        # trained; here one kernel for all rates.
        type='mmproto.SharedASPP',
        in_channels=320,
        in_index=4,
        channels=128,  # 256 there; as many as the proposed system
        dilations=(1, 2, 4),  # those of the black box
        norm_cfg=dict(type='BN', requires_grad=True),  # there one per rate
        act_cfg=dict(type='ReLU'),  # before the softmax, as there
    ),
    decode_head=dict(
        _delete_=True,
        type='mmproto.PrototypeHead',
        in_channels=128,
        channels=128,
        num_concepts=128,
        prototype_layer=dict(type='mmproto.SoftmaxConcepts', add_on=False),
        link='log1p_square',
        inference_cut=0.1,  # model.py, forward
        # weights of src/config/yaml/model/default.yaml at 21a2f81; those of
        # the last commit are zero but for the classification
        loss_decode=dict(
            # there Dice, which void pixels count in
            type='CrossEntropyLoss',
            loss_weight=10.0,
            avg_non_ignore=True,
        ),
        concept_losses=[
            dict(type='mmproto.AlignmentLoss', loss_weight=1.0),
            dict(
                type='mmproto.JensenShannonDiversityLoss',
                loss_weight=1.0,
                compatible=True,
            ),
            dict(type='mmproto.PresenceLoss', loss_weight=0.1, pooling='max'),
        ],
        num_classes=11,
        align_corners=False,
    ),
)

pretrained = 0.1  # epochs 100 of 1000, src/config/yaml/training/default.yaml
hooks = [
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
