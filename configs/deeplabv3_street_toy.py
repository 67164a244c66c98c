# The black box on drawn street scenes.
_base_ = [
    './_base_/models/deeplabv3_lite0.py',
    './_base_/datasets/street_toy.py',
    './_base_/schedules/adamw_street_toy.py',
    './_base_/default_runtime.py',
]
default_hooks = dict(logger=dict(interval=10))  # a step takes a second
model = dict(
    data_preprocessor=dict(size=(128, 256)),
    # Of 128 rows stride 16 leaves eight: stride 8, and not the last stage,
    # which would cost as much there as all others.
    backbone=dict(
        output_stride=8,
        out_indices=(0, 1, 2, 3),
        # Else timm runs the last stage all the same and throws it away.
        feature_cfg=dict(feature_cls='list', flatten_sequential=True),
        init_cfg=dict(checkpoint='imagenet://efficientnet_lite0_to_blocks_4'),
    ),
    decode_head=dict(in_channels=112, in_index=3),
)
