# The black box on EfficientNet-Lite0: small enough for a laptop's CPU.
norm_cfg = dict(type='BN', requires_grad=True)
data_preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[127.5, 127.5, 127.5],  # what the ImageNet weights were trained with
    std=[127.5, 127.5, 127.5],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        features_only=True,
        pretrained=False,  # timm would ask a hub; see init_cfg
        out_indices=(0, 1, 2, 3, 4),
        output_stride=16,
        init_cfg=dict(
            type='Pretrained', checkpoint='imagenet://efficientnet_lite0'
        ),
    ),
    decode_head=dict(
        type='ASPPHead',
        in_channels=320,
        in_index=4,
        channels=128,
        # Octaves, so that a thing twice as large finds its scale again; on a
        # 23x30 map, rates of 12 and more would reach the border.
        dilations=(1, 2, 4),
        dropout_ratio=0.1,
        num_classes=11,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    test_cfg=dict(mode='whole'),
)
