# scaleprotoseg_scales_cityscapes.py on DeepLabV2 ResNet-101, as published: what
# tools/model_converters/ makes of public checkpoints belongs to this.
_base_ = './scaleprotoseg_scales_cityscapes.py'
model = dict(
    backbone=dict(
        depth=101,
        style='caffe',  # stride in the 1x1 convolution
        contract_dilation=False,
        init_cfg=dict(checkpoint='imagenet://resnet101'),
    )
)
