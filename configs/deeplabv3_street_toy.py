# The black box on drawn street scenes.
_base_ = [
    './_base_/models/deeplabv3_lite0.py',
    './_base_/datasets/street_toy.py',
    './_base_/schedules/adamw_street_toy.py',
    './_base_/default_runtime.py',
    './_base_/models/lite0_stride8.py',
]
default_hooks = dict(logger=dict(interval=10))  # a step takes a second
model = dict(
    data_preprocessor=dict(size=(128, 256)),
    backbone=_base_.lite0_stride8,
    decode_head=dict(in_channels=112, in_index=3),
)
