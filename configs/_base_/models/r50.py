# ResNet-50 at stride 8, and its input. A variable, to build models from.
r50_norm = dict(type='SyncBN', requires_grad=True)
r50_input = dict(
    type='SegDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=(512, 1024),
)
r50 = dict(
    # `ResNet`, not mmseg's `ResNetV1c`: torchvision has weights for it.
    type='ResNet',
    depth=50,
    num_stages=4,
    out_indices=(0, 1, 2, 3),
    dilations=(1, 1, 2, 4),  # stride 8
    strides=(1, 2, 1, 1),
    norm_cfg=r50_norm,
    norm_eval=False,
    style='pytorch',
    contract_dilation=True,
    init_cfg=dict(type='Pretrained', checkpoint='imagenet://resnet50'),
)
