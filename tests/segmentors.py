"""Small segmentors of mmseg's kinds, with random weights."""

import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

CLASSES = 3
BN = dict(type='BN', requires_grad=True)
RESNET = dict(
    type='ResNetV1c',
    depth=18,
    base_channels=8,
    stem_channels=8,
    num_stages=4,
    out_indices=(0, 1, 2, 3),
    strides=(1, 2, 2, 2),
    dilations=(1, 1, 1, 1),
    norm_cfg=BN,
)
DILATED = dict(RESNET, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))
HR = (4, 8, 12, 16)
VIT = dict(
    type='VisionTransformer',
    img_size=(64, 64),
    patch_size=16,
    embed_dims=16,
    num_layers=4,
    num_heads=2,
    out_indices=(0, 1, 2, 3),
    with_cls_token=True,
)
STAGES = (8, 16, 32, 64)


def head(kind, in_channels, in_index, **changes):
    """Config of a decode head."""
    settings = dict(
        type=kind,
        in_channels=in_channels,
        in_index=in_index,
        channels=8,
        num_classes=CLASSES,
        norm_cfg=BN,
        align_corners=False,
        dropout_ratio=0.1,
    )
    return settings | changes


def fcn(in_channels, in_index, **changes):
    """Config of a plain head with one convolution."""
    settings = dict(num_convs=1, concat_input=False) | changes
    return head('FCNHead', in_channels, in_index, **settings)


def model(backbone, decode_head, **changes):
    """Config of a whole segmentor."""
    settings = dict(
        type='EncoderDecoder',
        data_preprocessor=dict(
            type='SegDataPreProcessor',
            mean=[100.0, 110.0, 120.0],
            std=[50.0, 60.0, 70.0],
            bgr_to_rgb=True,
            pad_val=0,
            seg_pad_val=255,
        ),
        backbone=backbone,
        decode_head=decode_head,
        test_cfg=dict(mode='whole'),
    )
    return settings | changes


def _hrnet():
    def stage(branches, block='BASIC'):
        return dict(
            num_modules=1,
            num_branches=branches,
            block=block,
            num_blocks=(1,) * branches,
            num_channels=HR[:branches],
        )

    stages = {f'stage{n}': stage(n) for n in (2, 3, 4)}
    extra = dict(stage1=stage(1, 'BOTTLENECK'), **stages)
    return dict(type='HRNet', norm_cfg=BN, norm_eval=False, extra=extra)


def _of_all(kind, stages, **changes):
    index = list(range(len(stages)))
    return head(kind, list(stages), index, **changes)


def _cascade():
    concat = dict(input_transform='resize_concat', dropout_ratio=-1)
    return [
        _of_all('FCNHead', HR, num_convs=1, concat_input=False, **concat),
        _of_all('OCRHead', HR, ocr_channels=8, **concat),
    ]


def _pointrend():
    coarse = _of_all(
        'FPNHead', [8] * 4, feature_strides=[4, 8, 16, 32], dropout_ratio=-1
    )
    point = head(
        'PointHead',
        [8],
        [0],
        num_fcs=1,
        coarse_pred_each_layer=True,
        dropout_ratio=-1,
    )
    point.pop('norm_cfg')
    return model(
        RESNET,
        [coarse, point],
        type='CascadeEncoderDecoder',
        num_stages=2,
        neck=dict(
            type='FPN', in_channels=list(STAGES), out_channels=8, num_outs=4
        ),
        test_cfg=dict(
            mode='whole',
            subdivision_steps=1,
            subdivision_num_points=16,
            scale_factor=2,
        ),
    )


def _uper(channels):
    return _of_all('UPerHead', channels, pool_scales=(1, 2))


def _transformer_pyramids():
    return {
        'MixVisionTransformer, SegformerHead': model(
            dict(
                type='MixVisionTransformer',
                embed_dims=4,
                num_layers=[1, 1, 1, 1],
                num_heads=[1, 2, 4, 8],
                sr_ratios=[8, 4, 2, 1],
                out_indices=(0, 1, 2, 3),
            ),
            _of_all('SegformerHead', (4, 8, 16, 32)),
        ),
        'SwinTransformer, UPerHead': model(
            dict(
                type='SwinTransformer',
                embed_dims=8,
                depths=(1, 1, 1, 1),
                num_heads=(1, 2, 2, 4),
                window_size=4,
            ),
            _uper(STAGES),
            auxiliary_head=fcn(32, 2),
        ),
        'TIMMBackbone ConvNeXt, UPerHead': model(
            dict(
                type='TIMMBackbone',
                model_name='convnext_atto',
                features_only=True,
                pretrained=False,
                depths=(1, 1, 1, 1),
                dims=STAGES,
            ),
            _uper(STAGES),
        ),
        'PCPVT, FPN neck, FPNHead': model(
            dict(
                type='PCPVT',
                embed_dims=[8, 16, 16, 16],
                num_heads=[1, 2, 2, 2],
                mlp_ratios=[2, 2, 2, 2],
                depths=[1, 1, 1, 1],
                sr_ratios=[8, 4, 2, 1],
            ),
            _of_all('FPNHead', [8] * 4, feature_strides=[4, 8, 16, 32]),
            neck=dict(
                type='FPN',
                in_channels=[8, 16, 16, 16],
                out_channels=8,
                num_outs=4,
            ),
        ),
    }


def _plain_transformers():
    scales = dict(in_channels=[16] * 4, out_channels=8, scales=[4, 2, 1, 0.5])
    return {
        'VisionTransformer, SETRUPHead': model(
            VIT,
            head('SETRUPHead', 16, 3, num_convs=2, up_scale=2),
            auxiliary_head=[head('SETRUPHead', 16, 0, up_scale=4)],
        ),
        'VisionTransformer, MLANeck, SETRMLAHead': model(
            VIT,
            _of_all('SETRMLAHead', [8] * 4, mla_channels=4, channels=16),
            neck=dict(
                type='MLANeck',
                in_channels=[16] * 4,
                out_channels=8,
                norm_cfg=BN,
            ),
        ),
        'VisionTransformer, MultiLevelNeck, UPerHead': model(
            VIT,
            _uper([8] * 4),
            neck=dict(type='MultiLevelNeck', **scales),
        ),
        'VisionTransformer, SegmenterMaskTransformerHead': model(
            dict(VIT, out_indices=-1),
            dict(
                type='SegmenterMaskTransformerHead',
                in_channels=16,
                channels=16,
                num_classes=CLASSES,
                num_layers=1,
                num_heads=2,
                embed_dims=16,
                dropout_ratio=0.0,
            ),
        ),
        'BEiT, Feature2Pyramid, UPerHead': model(
            dict(
                type='BEiT',
                img_size=(128, 192),  # it takes no other
                patch_size=16,
                embed_dims=16,
                num_layers=4,
                num_heads=2,
                out_indices=(0, 1, 2, 3),
                init_values=0.1,
            ),
            _uper([16] * 4),
            neck=dict(
                type='Feature2Pyramid',
                embed_dim=16,
                rescales=[4, 2, 1, 0.5],
                norm_cfg=BN,
            ),
        ),
    }


def _residual():
    last = STAGES[-1]
    return {
        'ResNetV1c, ASPPHead': model(
            DILATED, head('ASPPHead', last, 3, dilations=(1, 2))
        ),
        'ResNetV1c, DepthwiseSeparableASPPHead': model(
            DILATED,
            head(
                'DepthwiseSeparableASPPHead',
                last,
                3,
                dilations=(1, 2),
                c1_in_channels=8,
                c1_channels=4,
            ),
        ),
        'ResNetV1c, PSPHead': model(
            DILATED, head('PSPHead', last, 3, pool_scales=(1, 2))
        ),
        'ResNetV1c, FCNHead and an auxiliary one': model(
            DILATED, fcn(last, 3), auxiliary_head=fcn(32, 2)
        ),
        'ResNetV1c, FPN neck, PointRend': _pointrend(),
        'ResNetV1c, JPU, PSPHead': model(
            dict(RESNET, out_indices=(1, 2, 3)),
            head('PSPHead', 32, 2, pool_scales=(1, 2)),
            neck=dict(
                type='JPU',
                in_channels=STAGES[1:],
                mid_channels=8,
                norm_cfg=BN,
            ),
        ),
        'HRNet, FCNHead': model(
            _hrnet(),
            _of_all(
                'FCNHead', HR, num_convs=1, input_transform='resize_concat'
            ),
        ),
        'HRNet, OCR': model(
            _hrnet(), _cascade(), type='CascadeEncoderDecoder', num_stages=2
        ),
    }


def _two_paths():
    return {
        'BiSeNetV1, FCNHead': model(
            dict(
                type='BiSeNetV1',
                backbone_cfg=dict(RESNET, type='ResNet'),
                context_channels=(16, 32, 64),
                spatial_channels=(4, 4, 4, 16),
                out_channels=32,
                norm_cfg=BN,
            ),
            fcn(32, 0),
            auxiliary_head=[fcn(16, 1), fcn(16, 2)],
        ),
        'BiSeNetV2, FCNHead': model(
            dict(
                type='BiSeNetV2',
                detail_channels=(8, 8, 16),
                semantic_channels=(4, 8, 8, 16),
                semantic_expansion_ratio=2,
                bga_channels=16,
            ),
            fcn(16, 0),
        ),
        'PIDNet, PIDHead': model(
            dict(
                type='PIDNet',
                channels=8,
                ppm_channels=8,
                num_stem_blocks=1,
                num_branch_blocks=1,
            ),
            dict(
                head('PIDHead', 32, -1),
                loss_decode=[dict(type='CrossEntropyLoss')] * 4,
            ),
        ),
        'DDRNet, DDRHead': model(
            dict(type='DDRNet', channels=8, ppm_channels=8),
            dict(
                head('DDRHead', 32, -1),
                loss_decode=[dict(type='CrossEntropyLoss')] * 2,
            ),
        ),
        'STDCContextPathNet, FCNHead': model(
            dict(
                type='STDCContextPathNet',
                backbone_cfg=dict(
                    type='STDCNet',
                    stdc_type='STDCNet1',
                    in_channels=3,
                    channels=(8, 8, 16, 32, 64),
                    bottleneck_type='cat',
                    num_convs=4,
                    norm_cfg=BN,
                    act_cfg=dict(type='ReLU'),
                    with_final_conv=False,
                ),
                last_in_channels=(64, 32),
                out_channels=8,
                ffm_cfg=dict(in_channels=24, out_channels=16, scale_factor=4),
            ),
            fcn(16, 3),
        ),
    }


def _small_and_fast():
    return {
        'MobileNetV3, LRASPPHead': model(
            dict(type='MobileNetV3', arch='small', out_indices=(0, 1, 12)),
            _of_all(
                'LRASPPHead',
                (16, 16, 576),
                input_transform='multiple_select',
                branch_channels=(4, 4),
            ),
        ),
        'TIMMBackbone EfficientNet-Lite0, ASPPHead': model(
            dict(
                type='TIMMBackbone',
                model_name='tf_efficientnet_lite0',
                features_only=True,
                pretrained=False,
                out_indices=(0, 1, 2, 3, 4),
                output_stride=16,
            ),
            head('ASPPHead', 320, 4, dilations=(1, 2)),
        ),
        'FastSCNN, DepthwiseSeparableFCNHead': model(
            dict(
                type='FastSCNN',
                downsample_dw_channels=(8, 8),
                global_in_channels=16,
                global_block_channels=(16, 16, 16),
                global_out_channels=16,
                higher_in_channels=16,
                lower_in_channels=16,
                fusion_out_channels=16,
                norm_cfg=BN,
            ),
            head('DepthwiseSeparableFCNHead', 16, -1, concat_input=False),
        ),
        'CGNet, FCNHead': model(
            dict(
                type='CGNet',
                num_channels=(8, 16, 32),
                num_blocks=(1, 1),
                norm_cfg=BN,
            ),
            fcn(64, 2, num_convs=0, channels=64),
        ),
        'ERFNet, FCNHead': model(
            dict(
                type='ERFNet',
                enc_downsample_channels=(4, 8, 16),
                enc_stage_non_bottlenecks=(1, 4),
                enc_non_bottleneck_channels=(8, 16),
                dec_upsample_channels=(8, 4),
                dec_stages_non_bottleneck=(1, 1),
                dec_non_bottleneck_channels=(8, 4),
            ),
            fcn(4, -1),
        ),
        'ICNet, ICNeck, FCNHead': model(
            dict(
                type='ICNet',
                backbone_cfg=DILATED,
                layer_channels=(16, 64),
                light_branch_middle_channels=4,
                psp_out_channels=8,
                out_channels=(4, 8, 8),
                norm_cfg=BN,
            ),
            fcn(8, 2),
            neck=dict(
                type='ICNeck',
                in_channels=(4, 8, 8),
                out_channels=8,
                norm_cfg=BN,
            ),
        ),
        'UNet, FCNHead': model(
            dict(
                type='UNet',
                base_channels=4,
                num_stages=5,
                norm_cfg=BN,
            ),
            fcn(4, 4),
            auxiliary_head=fcn(8, 3),
        ),
    }


SEGMENTORS = (
    _residual() | _two_paths() | _small_and_fast()
    | _transformer_pyramids() | _plain_transformers()
)  # fmt: skip


def build_segmentor(config):
    """Build a segmentor, in evaluation mode, the same every time."""
    from mmseg.registry import MODELS

    init_default_scope('mmseg')
    torch.manual_seed(0)
    built = MODELS.build(ConfigDict(config)).eval()
    with torch.no_grad():  # some layers start as nothing at all
        for weight in built.parameters():
            if weight.dim() == 1:
                weight.uniform_(0.5, 1.0)
    return built
