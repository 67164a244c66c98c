# A transformer on CamVid, to be explained. Its weights start at random: no
# package that can be installed brings those of ImageNet, and no config here
# asks a host of OpenMMLab.
_base_ = [
    './_base_/models/segformer_b0.py',
    './_base_/datasets/camvid.py',
    './_base_/schedules/adamw_camvid.py',
    './_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(288, 384)))
train_dataloader = dict(batch_size=4)  # more steps in the same time
optim_wrapper = dict(
    # mmseg gives the head ten times the 6e-5 of a pretrained backbone; here
    # the backbone has nothing to spoil either.
    optimizer=dict(lr=6e-4),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=1.0))),
)
# Seven epochs: half an hour of one core of a busy laptop.
train_cfg = dict(max_iters=644, val_interval=0.25)
