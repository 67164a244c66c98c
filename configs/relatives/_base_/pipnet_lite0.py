# PIP-Net, https://arxiv.org/abs/2304.13643, as a segmenter.
_base_ = '../../_base_/models/deeplabv3_lite0.py'
model = dict(
    neck=dict(
        type='mmproto.SharedASPP',
        in_channels=320,
        in_index=4,
        channels=128,
        dilations=(1,),  # one scale
        norm_cfg=dict(type='BN', requires_grad=True),
    ),
    decode_head=dict(
        _delete_=True,
        type='mmproto.PrototypeHead',
        in_channels=128,
        channels=128,
        num_concepts=128,  # as many as the proposed system
        # num_features=0 in used_arguments/*.txt: channels are the concepts
        prototype_layer=dict(type='mmproto.SoftmaxConcepts', add_on=False),
        link='log1p_square',
        inference_cut=0.1,  # pipnet.py, forward
        # weights of train.py: of pre-training, where that of alignment grows
        # from 0 to 1 (here its mean), and of both together
        loss_decode=dict(
            type='CrossEntropyLoss', loss_weight=2.0, avg_non_ignore=True
        ),
        concept_losses=[
            dict(
                type='mmproto.AlignmentLoss',
                loss_weight=0.5,
                loss_name='loss_alignment_alone',
            ),
            dict(
                type='mmproto.PresenceLoss',
                loss_weight=5.0,
                pooling='max',
                loss_name='loss_presence_alone',
            ),
            dict(type='mmproto.AlignmentLoss', loss_weight=5.0),
            dict(type='mmproto.PresenceLoss', loss_weight=2.0, pooling='max'),
        ],
        num_classes=11,
        align_corners=False,
    ),
)

pretrained = 1 / 7  # epochs 10 : 60, used_arguments/*.txt
hooks = [
    dict(
        type='mmproto.TrainingPhaseHook',
        phases=[
            dict(
                name='concepts',
                end=pretrained,
                freeze=['decode_head.conv_seg'],
                losses=['loss_alignment_alone', 'loss_presence_alone'],
            ),
            dict(
                name='all',
                losses=['loss_ce', 'loss_alignment', 'loss_presence'],
            ),
        ],
    ),
    # there 1e-3 off every weight in every step, whatever the learning rate;
    # here the same at the initial learning rate of the classifier, 0.05
    dict(type='mmproto.SparsifyHook', strength=0.02, begin=pretrained),
    dict(type='mmproto.PrototypeProjectionHook', mode='mine'),
]
