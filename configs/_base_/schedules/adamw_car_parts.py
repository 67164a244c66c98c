# Thirty epochs of Car-Parts' 320 images at batch 8. The black box and the
# concept model share it.
_base_ = './adamw_camvid.py'
warm = 20 / 1200
param_scheduler = [
    dict(_base_.warm_up, end=warm),
    dict(_base_.decay, begin=warm),
]
train_cfg = dict(max_iters=1200)
