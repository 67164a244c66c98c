# The systems of the literature and the proposed one on drawn scenes, which
# tools/analysis_tools/compare.py trains with equal budget:
#
#     python tools/analysis_tools/compare.py --data street_toy --budget 8
#
# Rows are those of ../../ablations/camvid.py; a system of two stages names the
# first, a row with stage=True, by after, and what share of the budget each is.
seeds = [0, 1, 2]
columns = [
    'miou_before',
    'miou',
    'exact_zeros',
    'concepts_used',
    'local_size',
    'train_class_purity',
    'part_purity_used',
    'consistency',
    'seconds_step',
    'memory_mb',
]
rows = dict(
    black_box=dict(config='../../deeplabv3_street_toy.py'),
    protopnet=dict(config='../protopnet_street_toy.py'),
    protoseg=dict(config='../protoseg_street_toy.py'),
    scaleprotoseg_scales=dict(
        config='../scaleprotoseg_scales_street_toy.py', stage=True, share=0.5
    ),
    scaleprotoseg=dict(
        config='../scaleprotoseg_street_toy.py',
        after='scaleprotoseg_scales',
        share=0.5,
    ),
    pipnet=dict(config='../pipnet_street_toy.py'),
    reproseg=dict(config='../reproseg_street_toy.py'),
    proposed=dict(config='../../proto_street_toy.py'),
)
