# Car-Parts: 320 train and 80 val photographs of 512x512, 18 parts of cars and
# background, which is a class. Made by tools/dataset_converters/car_parts.py,
# in the same folders as CamVid.
_base_ = './camvid.py'
dataset_type = 'mmproto.CarPartsDataset'
data_root = 'data/car_parts/'
# Half of each side, for a laptop's CPU. Mirrors suffer: of 13 pixels here
# (median), they are smaller than a cell of stride 16.
crop_size = (256, 256)
# Doors, lights and mirrors of the left and the right: a mirrored car shows
# the other ones. As in CarPartsDataset.METAINFO.
flip_pairs = [[3, 5], [4, 6], [9, 11], [10, 12], [14, 15]]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=crop_size,
        ratio_range=(1.0, 1.5),  # never smaller than the crop: no padding
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5, swap_seg_labels=flip_pairs),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=crop_size, keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='Resize', scale=(side, side), keep_ratio=True)
                for side in (192, 256, 320)
            ],
            # EvidenceTTAModel swaps left and right back
            *_base_.tta_pipeline[1]['transforms'][1:],
        ],
    ),
]
data = dict(type=dataset_type, data_root=data_root)
train_dataloader = dict(dataset=dict(data, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data, pipeline=test_pipeline))
test_dataloader = val_dataloader
