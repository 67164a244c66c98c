# The black box on drawn street scenes.
_base_ = [
    './_base_/models/deeplabv3_lite0.py',
    './_base_/datasets/street_toy.py',
    './_base_/schedules/adamw_street_toy.py',
    './_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(128, 256)),
    backbone=dict(output_stride=8),  # of 128 rows stride 16 leaves eight
    decode_head=dict(num_classes=11),
)
