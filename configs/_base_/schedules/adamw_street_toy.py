# What a laptop's CPU trains in three minutes. The black box and the concept
# model share it.
_base_ = './adamw_camvid.py'
warm = 20 / 180
param_scheduler = [
    dict(_base_.warm_up, end=warm),
    dict(_base_.decay, begin=warm),
]
train_cfg = dict(max_iters=180, val_interval=None)  # at the end only
