# ProtoPNet on CamVid.
_base_ = [
    './_base_/protopnet_lite0.py',
    '../_base_/datasets/camvid.py',
    './_base_/stages.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(288, 384)))
custom_hooks = [*_base_.custom_hooks, _base_.stages, _base_.push]
