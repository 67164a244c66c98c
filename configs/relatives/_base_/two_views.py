# Two views of other colours, as PIP-Net and ReProSeg align them.
two_views = dict(
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
)
