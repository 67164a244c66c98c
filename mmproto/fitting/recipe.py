"""How a concept head is fitted on frozen features: phases, steps, rates."""

from typing import Any

SWITCH, PRUNED, LAST = 0.4, 0.8, 0.95  # shares of the run
# At every pixel, the loss would take most of a step.
LABEL_STRIDE = 2


def fit_schedule(max_iters: int) -> dict[str, Any]:
    """Return optimizer, learning rates and loop of a fit."""
    warm = 0.05
    return dict(
        optim_wrapper=dict(
            type='OptimWrapper',
            optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-2),
            paramwise_cfg=dict(
                custom_keys={
                    # pruning shrinks it: no decay besides
                    'decode_head.conv_seg': dict(lr_mult=5.0, decay_mult=0.0),
                    # the length of a prototype means nothing
                    'decode_head.prototype_layer': dict(decay_mult=0.0),
                }
            ),
        ),
        param_scheduler=[
            dict(
                type='LinearLR', start_factor=0.1, begin=0, end=warm,
                by_epoch=False,
            ),
            dict(
                type='PolyLR', eta_min=1e-5, power=0.9, begin=warm,
                by_epoch=False,
            ),
        ],
        train_cfg=dict(type='mmproto.ShareIterLoop', max_iters=max_iters),
    )  # fmt: skip


def fit_hooks(num_classes: int, concepts: int) -> list[dict]:
    """Return the hooks that make concepts of a head.

    Args:
        num_classes: Classes ``C``.
        concepts: Concepts ``K``.
    """
    return [
        dict(
            type='mmproto.TrainingPhaseHook',
            phases=[
                dict(
                    name='features',
                    end=SWITCH,
                    freeze=['backbone', 'decode_head.conv_seg'],
                ),
                dict(name='concepts', end=LAST, freeze=['backbone']),
                # prototypes are training patches now: nothing moves them
                dict(name='classifier', train=['decode_head.conv_seg']),
            ],
        ),
        dict(
            type='mmproto.PrototypeInitHook',
            begin=SWITCH,
            min_cell_purity=0.9,  # no prototypes of borders
        ),
        dict(
            type='mmproto.SparsifyHook',
            target_zeros=_zeros(num_classes, concepts),
            class_power=0.45,
            begin=SWITCH,
            end=PRUNED,
        ),
        dict(
            type='mmproto.PrototypeProjectionHook',
            topk=10,
            before=LAST,
            end=False,
        ),
    ]


WEIGHTS_PER_CONCEPT = 2  # room for a second class


def _zeros(num_classes: int, concepts: int) -> float:
    kept = min(WEIGHTS_PER_CONCEPT * concepts, num_classes * concepts)
    return 1 - kept / (num_classes * concepts)
