# Of 128 rows stride 16 leaves eight: EfficientNet-Lite0 at stride 8, and
# without the last stage, which would cost as much there as all others.
lite0_stride8 = dict(
    output_stride=8,
    out_indices=(0, 1, 2, 3),
    # Else timm runs the last stage all the same and throws it away.
    feature_cfg=dict(feature_cls='list', flatten_sequential=True),
    init_cfg=dict(checkpoint='imagenet://efficientnet_lite0_to_blocks_4'),
)
