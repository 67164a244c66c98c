# The black box on CamVid: what proto_camvid.py is compared with.
_base_ = [
    './_base_/models/deeplabv3_lite0.py',
    './_base_/datasets/camvid.py',
    './_base_/schedules/adamw_camvid.py',
    './_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(288, 384)))
