# The black box on Car-Parts: what proto_car_parts.py is compared with.
_base_ = [
    './_base_/models/deeplabv3_lite0.py',
    './_base_/datasets/car_parts.py',
    './_base_/schedules/adamw_car_parts.py',
    './_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(256, 256)), decode_head=dict(num_classes=19)
)
# Mirrored views in test-time augmentation show the other side of a car.
tta_model = dict(flip_pairs=_base_.flip_pairs)
