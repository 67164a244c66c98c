# Cityscapes in two views of other colours.
_base_ = '../../_base_/datasets/cityscapes.py'
train_pipeline = [
    *_base_.train_pipeline[:-1],  # geometry once
    dict(
        type='mmproto.TwoViews',
        view_transforms=[
            dict(
                type='PhotoMetricDistortion',
                brightness_delta=24,
                contrast_range=(0.8, 1.2),
                saturation_range=(0.8, 1.2),
                hue_delta=1,  # hue matters: red lights, green trees
            ),
            dict(type='PackSegInputs'),
        ],
    ),
]
train_dataloader = dict(
    batch_size=1,  # image; with two views as many samples as the others
    collate_fn=dict(type='mmproto.two_view_collate'),
    dataset=dict(pipeline=train_pipeline),
)
