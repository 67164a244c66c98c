# Stride 16 leaves eight of 128 rows: EfficientNet-Lite0 at stride 8, without
# the last stage, which would cost as much there as all others together.
lite0_stride8 = dict(
    output_stride=8,
    out_indices=(0, 1, 2, 3),
    # Otherwise timm runs the last stage and throws the result away.
    feature_cfg=dict(feature_cls='list', flatten_sequential=True),
    init_cfg=dict(checkpoint='imagenet://efficientnet_lite0_to_blocks_4'),
)
