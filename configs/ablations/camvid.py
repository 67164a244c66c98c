# The ablation on CamVid: each row switches one part of proto_camvid.py.
#
#     python tools/analysis_tools/ablate.py configs/ablations/camvid.py \
#         --table ablation.md --figure ablation.png
#
# A row may have
#   config        another config; a path from this file, or mmproto::name.py
#   options       values by key; an item of a list is picked by its number or
#                 by the name of its type: custom_hooks.SparsifyHook.strength
#   remove_hooks  types to take out of custom_hooks
#   add_hooks     dicts to append to custom_hooks
#   start         dict(row=..., iteration=...): goes on from that checkpoint of
#                 another row, same seed, instead of training what is the same
#   after         another row, with whose last weights, same seed, a training
#                 of its own begins
#   stage         True for a row that only makes weights for another, and is
#                 neither measured nor in the table
#   seeds         instead of those below
config = '../proto_camvid.py'
seeds = [0]
# Half of the 368 iterations of proto_camvid.py: until then rows are the same.
_from_final = dict(row='final', iteration=184)
_sparsify = 'custom_hooks.SparsifyHook'
rows = dict(
    black_box=dict(config='../deeplabv3_camvid.py'),
    final={},
    all_classes_together=dict(
        options={f'{_sparsify}.class_power': None}, start=_from_final
    ),
    zeros_97=dict(
        options={f'{_sparsify}.target_zeros': 0.97}, start=_from_final
    ),
    one_prototype_zeros_97=dict(
        options={
            'model.decode_head.prototypes_per_concept': 1,
            f'{_sparsify}.target_zeros': 0.97,
        }
    ),
    dense=dict(remove_hooks=['SparsifyHook'], start=_from_final),
    # The other way to exact zeros: see SparsifyHook.
    penalty=dict(
        options={
            f'{_sparsify}.target_zeros': None,
            f'{_sparsify}.class_power': None,
            f'{_sparsify}.strength': 0.2,
        },
        start=_from_final,
    ),
    # Prototypes stay where training left them; their patches are only noted.
    no_projection=dict(
        options={'custom_hooks.PrototypeProjectionHook.mode': 'mine'},
        start=_from_final,
    ),
    all_cells=dict(
        options={'custom_hooks.PrototypeInitHook.min_cell_purity': 0.0},
        start=_from_final,
    ),
    # The prototypes of a concept are its looks at three sizes of an image.
    three_sizes=dict(
        options={
            'model.decode_head.prototypes_per_concept': 3,
            'custom_hooks.PrototypeInitHook.other_sizes': (0.5, 2.0),
            'custom_hooks.PrototypeInitHook.image_share': 0.5,
        }
    ),
    # Prototypes stay where clustering put them.
    hold_prototypes=dict(
        options={
            'custom_hooks.TrainingPhaseHook.phases.1': dict(
                name='concepts',
                end=0.957,
                freeze=['decode_head.prototype_layer'],
            )
        },
        start=_from_final,
    ),
    two_sizes=dict(config='../proto_camvid_two_views.py'),
    # Random prototypes, trained with all other parameters from the beginning.
    no_clusters=dict(
        remove_hooks=['TrainingPhaseHook', 'PrototypeInitHook'],
    ),
)
