# The black box: DeepLabV3 (https://arxiv.org/abs/1706.05587) on a dilated
# ResNet-50, as in mmseg, but without the auxiliary head: the concept models
# that it is compared with have none.
_base_ = './r50.py'
model = dict(
    type='EncoderDecoder',
    data_preprocessor=_base_.r50_input,
    backbone=_base_.r50,
    decode_head=dict(
        type='ASPPHead',
        in_channels=2048,
        in_index=3,
        channels=512,
        dilations=(1, 12, 24, 36),
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=_base_.r50_norm,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    test_cfg=dict(mode='whole'),
)
