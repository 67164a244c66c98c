# The black box on Cityscapes: what proto_cityscapes.py is compared with.
_base_ = [
    './_base_/models/deeplabv3_r50.py',
    './_base_/datasets/cityscapes.py',
    './_base_/schedules/sgd_80k.py',
    './_base_/default_runtime.py',
]
