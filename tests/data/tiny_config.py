# A complete small training on the CPU in seconds. ResNet-18 with a quarter of
# its channels, three scales, two prototypes a concept.
default_scope = 'mmseg'
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='gloo'),
)
log_level = 'INFO'
log_processor = dict(by_epoch=False)
load_from = None
resume = False
randomness = dict(seed=0, deterministic=True)

classes = ('road', 'wall', 'car', 'sign')
palette = [[90, 90, 90], [160, 70, 40], [60, 60, 200], [90, 200, 60]]
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=(64, 96),
    ),
    backbone=dict(
        type='ResNetV1c',
        depth=18,
        base_channels=16,
        stem_channels=16,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        dilations=(1, 1, 2, 4),
        strides=(1, 2, 1, 1),
        norm_cfg=norm_cfg,
        norm_eval=False,
    ),
    neck=dict(
        type='mmproto.SharedASPP',
        in_channels=128,
        channels=16,
        dilations=(1, 2, 3),
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        type='mmproto.PrototypeHead',
        in_channels=16,
        channels=16,
        num_classes=4,
        num_concepts=8,
        prototypes_per_concept=2,
        prototype_layer=dict(type='mmproto.CosinePrototypes'),
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0),
    ),
    test_cfg=dict(mode='whole'),
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]


def _loader(split, pipeline, batch_size, sampler):
    return dict(
        batch_size=batch_size,
        num_workers=0,
        sampler=sampler,
        dataset=dict(
            type='BaseSegDataset',
            data_root='tiny_data',
            metainfo=dict(classes=classes, palette=palette),
            img_suffix='_leftImg8bit.png',
            seg_map_suffix='_gtFine_labelTrainIds.png',
            data_prefix=dict(
                img_path=f'leftImg8bit/{split}',
                seg_map_path=f'gtFine/{split}',
            ),
            pipeline=pipeline,
        ),
    )


train_dataloader = _loader(
    'train', train_pipeline, 2, dict(type='InfiniteSampler', shuffle=True)
)
val_dataloader = _loader(
    'val', test_pipeline, 1, dict(type='DefaultSampler', shuffle=False)
)
test_dataloader = val_dataloader
del _loader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
)
param_scheduler = [
    dict(
        type='PolyLR', eta_min=1e-4, power=0.9, begin=0, end=4, by_epoch=False
    )
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=4, val_interval=4)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=1, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
visualizer = dict(
    type='SegLocalVisualizer', vis_backends=[], name='visualizer'
)
