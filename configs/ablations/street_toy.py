# The ablation on drawn scenes: each row switches one part of its recipe.
#
#     python tools/analysis_tools/ablate.py configs/ablations/street_toy.py \
#         --table ablation.md --figure ablation.png
#
# camvid.py says what a row may have.
config = '../proto_street_toy.py'
seeds = [0]
switch = 120  # of proto_street_toy.py: up to here the rows are the same
_from_final = dict(row='final', iteration=switch)
_sparsify = 'custom_hooks.SparsifyHook'
rows = dict(
    black_box=dict(config='../deeplabv3_street_toy.py'),
    final={},
    # The other way to exact zeros: see SparsifyHook.
    penalty=dict(
        options={
            f'{_sparsify}.target_zeros': None,
            f'{_sparsify}.strength': 0.8,
        },
        start=_from_final,
    ),
    density=dict(
        options={
            f'{_sparsify}.strength': None,
            f'{_sparsify}.target_zeros': 0.97,
            f'{_sparsify}.end': 160,
        },
        start=_from_final,
    ),
    dense=dict(remove_hooks=['SparsifyHook'], start=_from_final),
    # Prototypes stay where training left them; their patches are only noted.
    no_projection=dict(
        options={'custom_hooks.PrototypeProjectionHook.mode': 'mine'},
        start=_from_final,
    ),
    # Random prototypes, trained with all other parameters from the beginning.
    no_clusters=dict(
        remove_hooks=['TrainingPhaseHook', 'PrototypeInitHook'],
    ),
    soft=dict(
        options={'model.decode_head.prototype_layer.temperature': 0.1},
        start=_from_final,
    ),
)
