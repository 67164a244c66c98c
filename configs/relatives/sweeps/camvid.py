# The systems of the literature and the proposed one on CamVid: see
# street_toy.py.
seeds = [0, 1, 2]
# No parts are labelled: nothing of them.
columns = [
    'miou_before',
    'miou',
    'exact_zeros',
    'concepts_used',
    'local_size',
    'train_class_purity',
    'seconds_step',
    'memory_mb',
]
rows = dict(
    black_box=dict(config='../../deeplabv3_camvid.py'),
    protopnet=dict(config='../protopnet_camvid.py'),
    protoseg=dict(config='../protoseg_camvid.py'),
    scaleprotoseg_scales=dict(
        config='../scaleprotoseg_scales_camvid.py', stage=True, share=0.5
    ),
    scaleprotoseg=dict(
        config='../scaleprotoseg_camvid.py',
        after='scaleprotoseg_scales',
        share=0.5,
    ),
    pipnet=dict(config='../pipnet_camvid.py'),
    reproseg=dict(config='../reproseg_camvid.py'),
    proposed=dict(config='../../proto_camvid.py'),
)
