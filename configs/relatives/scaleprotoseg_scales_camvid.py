# ScaleProtoSeg, first stage: prototypes of each scale, on CamVid.
_base_ = [
    './_base_/scaleprotoseg_scales_lite0.py',
    '../_base_/datasets/camvid.py',
    './_base_/adamw_camvid_half.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(288, 384)))
custom_hooks = [
    *_base_.custom_hooks,
    _base_.stages,
    dict(
        **_base_.push,
        prune=dict(nearest=6, at_least=3),  # run_pruning.py
    ),
]
