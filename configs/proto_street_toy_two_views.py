# proto_street_toy.py with PIP-Net's alignment between two sizes of an image:
# what is twice as large should show the same concepts at twice the dilation
# rate. Concepts then follow the size of things better, at some cost in
# accuracy: see docs/recipe.md.
_base_ = './proto_street_toy.py'
train_pipeline = [
    *_base_.train_pipeline[:-1],  # geometry once
    dict(
        type='mmproto.TwoViews',
        zoom=2,  # an octave, as from one dilation rate to the next
        view_transforms=[dict(type='PackSegInputs')],
    ),
]
train_dataloader = dict(
    batch_size=6,  # images; with two second views as many samples per step
    collate_fn=dict(type='mmproto.two_view_collate', second_views=2),
    dataset=dict(pipeline=train_pipeline),
)
model = dict(
    decode_head=dict(
        concept_losses=[
            dict(
                type='mmproto.AlignmentLoss',
                loss_weight=0.1,
                scale_shift=1,
            ),
        ]
    )
)
