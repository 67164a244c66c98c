# The ablation on drawn scenes: each row switches one part of
# proto_street_toy.py.
#
#     python tools/analysis_tools/ablate.py configs/ablations/street_toy.py \
#         --work-dir work_dirs/ablation_street_toy --table ablation.md
#
# camvid.py says what a row may have.
config = '../proto_street_toy.py'
seeds = [0]
# Half of the 180 iterations of proto_street_toy.py: until then rows are the
# same.
_from_final = dict(row='final', iteration=90)
_head = 'model.decode_head'
_temperature = f'{_head}.prototype_layer.temperature'
_sparsify = 'custom_hooks.SparsifyHook'
_resize = 'train_dataloader.dataset.pipeline.RandomResize.ratio_range'
_init = 'custom_hooks.PrototypeInitHook'
_phases = 'custom_hooks.TrainingPhaseHook.phases'


def _loss(**loss):
    """A row with one more loss on the concepts."""
    return dict(options={f'{_head}.concept_losses': [loss]}, start=_from_final)


def _anneal(end):
    """A row whose temperature falls to ``end`` within 20 iterations."""
    hook = dict(
        type='mmproto.TemperatureHook',
        start=0.05,
        end=end,
        begin=0.5,
        until=11 / 18,
    )
    return dict(add_hooks=[hook], start=_from_final)


def _zeros(share):
    """A row with another share of zeros in the classifier."""
    return dict(
        options={f'{_sparsify}.target_zeros': share}, start=_from_final
    )


def _switch(share):
    """A row whose concepts begin earlier or later."""
    return dict(
        options={
            f'{_phases}.0.end': share,
            f'{_init}.begin': share,
            f'{_sparsify}.begin': share,
        }
    )


def _sizes(*others, **more):
    """A row that clusters cells over other sizes of the images."""
    return dict(
        options={
            f'{_head}.prototypes_per_concept': 1 + len(others),
            f'{_init}.other_sizes': others,
            **more,
        }
    )


def _weights(config):
    """A row with class weights, the root of median over own frequency."""
    weights = [0.61, 1.05, 0.59, 1.54, 0.8, 0.84, 1.13, 0.87, 1.04, 1, 1.35]
    return dict(
        config=config,
        options={
            f'{_head}.loss_decode.class_weight': weights,
            # mmseg fails with both
            f'{_head}.loss_decode.avg_non_ignore': False,
        },
    )


rows = dict(
    black_box=dict(config='../deeplabv3_street_toy.py'),
    final={},
    # Sparsity: none, by a penalty, by density, classes apart or together.
    dense=dict(remove_hooks=['SparsifyHook'], start=_from_final),
    penalty=dict(
        options={
            f'{_sparsify}.target_zeros': None,
            f'{_sparsify}.class_power': None,
            f'{_sparsify}.strength': 0.8,
        },
        start=_from_final,
    ),
    zeros_90=_zeros(0.9),
    zeros_94=_zeros(0.94),
    zeros_97=_zeros(0.97),
    zeros_99=_zeros(0.99),
    all_classes_together=dict(
        options={f'{_sparsify}.class_power': None}, start=_from_final
    ),
    equal_classes=dict(
        options={f'{_sparsify}.class_power': 0.0}, start=_from_final
    ),
    # Prototypes stay where training left them; their patches are only noted.
    no_projection=dict(
        options={'custom_hooks.PrototypeProjectionHook.mode': 'mine'},
        start=_from_final,
    ),
    # Random prototypes, trained with everything else from the beginning.
    no_clusters=dict(remove_hooks=['TrainingPhaseHook', 'PrototypeInitHook']),
    switch_60=_switch(1 / 3),
    switch_120=_switch(2 / 3),
    all_cells=dict(
        options={f'{_init}.min_cell_purity': 0.0}, start=_from_final
    ),
    concepts_by_pixels=dict(
        options={f'{_init}.class_power': 0.5}, start=_from_final
    ),
    # Latents: without the layer between the shared kernel and them.
    linear_latents=dict(
        options={
            'model.neck.channels': 128,
            'model.neck.act_cfg': None,
            f'{_head}.in_channels': 128,
        }
    ),
    # Prototypes of a concept: one, or how it looks at several sizes instead
    # of what lies close together at one size.
    one_prototype=dict(options={f'{_head}.prototypes_per_concept': 1}),
    one_prototype_zeros_97=dict(
        options={
            f'{_head}.prototypes_per_concept': 1,
            f'{_sparsify}.target_zeros': 0.97,
        }
    ),
    half_size=_sizes(0.5),
    # double size costs four times as much: of half of the images
    three_sizes=_sizes(0.5, 2.0, **{f'{_init}.image_share': 0.5}),
    # Prototypes stay where clustering put them.
    hold_prototypes=dict(
        options={
            f'{_phases}.1': dict(
                name='concepts',
                end=0.933,
                freeze=['decode_head.prototype_layer'],
            )
        },
        start=_from_final,
    ),
    # Number of concepts.
    concepts_32=dict(options={f'{_head}.num_concepts': 32}),
    concepts_64=dict(options={f'{_head}.num_concepts': 64}),
    channels_64=dict(options={f'{_head}.channels': 64}),
    channels_256=dict(
        # as many as the neck has: no layer between
        options={f'{_head}.channels': 256, 'model.neck.act_cfg': None}
    ),
    # Links and temperature.
    link_softmax=dict(options={f'{_head}.link': 'softmax'}),
    link_log1p_square=dict(options={f'{_head}.link': 'log1p_square'}),
    temperature_03=_anneal(0.03),
    temperature_10=_anneal(0.1),
    # Losses on the concepts.
    presence=_loss(
        type='mmproto.PresenceLoss',
        loss_weight=0.05,
        pooling='max',
        decay=0.9,
        num_concepts=128,
    ),
    diversity=_loss(type='mmproto.JeffreysDiversityLoss', loss_weight=0.1),
    balance=_loss(type='mmproto.UsageBalanceLoss', loss_weight=0.05),
    compactness=_loss(type='mmproto.CompactnessLoss', loss_weight=0.3),
    # Alignment: of two sizes of an image, and as PIP-Net has it, of two
    # colours of it.
    two_sizes=dict(config='../proto_street_toy_two_views.py'),
    two_colours=dict(
        config='../proto_street_toy_two_views.py',
        options={
            'train_dataloader.dataset.pipeline.TwoViews.zoom': 1,
            'train_dataloader.dataset.pipeline.TwoViews.view_transforms': [
                dict(
                    type='PhotoMetricDistortion',
                    brightness_delta=24,
                    contrast_range=(0.8, 1.2),
                    saturation_range=(0.8, 1.2),
                    # hue matters: red lights, green trees
                    hue_delta=1,
                ),
                dict(type='PackSegInputs'),
            ],
            f'{_head}.concept_losses.AlignmentLoss.scale_shift': 0,
        },
    ),
    reseed=dict(
        add_hooks=[
            dict(
                type='mmproto.PrototypeReseedHook',
                interval=1 / 12,
                begin=0.5,
                end=0.833,
            )
        ],
        start=_from_final,
    ),
    # What both models could have.
    black_box_stride_16=dict(
        config='../deeplabv3_street_toy.py',
        options={'model.backbone.output_stride': 16},
    ),
    stride_16=dict(options={'model.backbone.output_stride': 16}),
    black_box_class_weights=_weights('../deeplabv3_street_toy.py'),
    class_weights=_weights('../proto_street_toy.py'),
    black_box_wide=dict(
        config='../deeplabv3_street_toy.py', options={_resize: (0.5, 2.0)}
    ),
    wide=dict(options={_resize: (0.5, 2.0)}),
)
