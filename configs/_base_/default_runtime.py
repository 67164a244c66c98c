# What every config shares: scope, logging, checkpoints, data checks. Not
# inherited from mmseg, so that these configs also load in mmseg's own scripts,
# where the forks do not know the scope `mmseg::`.
default_scope = 'mmseg'
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
log_level = 'INFO'
log_processor = dict(by_epoch=False)
load_from = None
resume = False
randomness = dict(seed=0)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='CheckpointHook', by_epoch=False, interval=8000, max_keep_ckpts=2
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
)
custom_hooks = [
    # On a CPU, depthwise convolutions are many times slower in the backward
    # pass without it; tensor cores prefer it too.
    dict(type='mmproto.ChannelsLastHook'),
    # Names a wrong mask before the first iteration.
    dict(type='mmproto.DatasetCheckHook'),
    # Shows metrics of explanations what the model computes.
    dict(type='mmproto.ExplanationMetricsHook'),
]

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(
    type='SegLocalVisualizer', vis_backends=vis_backends, name='visualizer'
)
# Averages evidence, not probabilities: contributions stay additive.
tta_model = dict(type='mmproto.EvidenceTTAModel')
