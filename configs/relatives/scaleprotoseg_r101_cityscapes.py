# scaleprotoseg_cityscapes.py on DeepLabV2's ResNet-101, as published: what
# tools/model_converters/ makes of public checkpoints belongs to this.
_base_ = './scaleprotoseg_cityscapes.py'
load_from = 'work_dirs/scaleprotoseg_scales_r101_cityscapes/iter_175000.pth'
model = dict(
    backbone=dict(
        depth=101,
        style='caffe',  # stride in the 1x1 convolution
        contract_dilation=False,
        init_cfg=dict(checkpoint='imagenet://resnet101'),
    )
)
