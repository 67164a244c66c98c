# scaleprotoseg_scales_cityscapes.py on the ResNet-101 of DeepLabV2, as in the
# paper: what tools/model_converters/ makes of public checkpoints belongs here.
_base_ = './scaleprotoseg_scales_cityscapes.py'
model = dict(
    backbone=dict(
        depth=101,
        style='caffe',  # stride in the 1x1 convolution
        contract_dilation=False,
        init_cfg=dict(checkpoint='imagenet://resnet101'),
    )
)
