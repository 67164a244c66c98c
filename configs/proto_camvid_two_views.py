# proto_camvid.py with the interpretability losses on: alignment of two
# photometric views (PIP-Net), presence of every concept, diversity of what
# occurs together. Their weights have not been ablated yet.
_base_ = './proto_camvid.py'
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
                hue_delta=1,  # hue matters in streets: red lights, green trees
            ),
            dict(type='PackSegInputs'),
        ],
    ),
]
train_dataloader = dict(
    batch_size=4,  # images; as many samples a step as without views
    collate_fn=dict(type='mmproto.two_view_collate'),
    dataset=dict(pipeline=train_pipeline),
)
model = dict(
    decode_head=dict(
        concept_losses=[
            dict(type='mmproto.AlignmentLoss', loss_weight=0.05),
            dict(type='mmproto.PresenceLoss', loss_weight=0.05),
            dict(type='mmproto.JeffreysDiversityLoss', loss_weight=0.05),
        ]
    )
)
