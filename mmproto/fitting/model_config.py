"""The concept model of a trained segmentor: its config and frozen weights."""

import copy
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mmproto.models.metainfo import VOID

from .stages import StageChoice

MID_CHANNELS = 128  # nine products of 2048 channels would cost most of a step
LATENTS = 64
PROTOTYPES = 3  # a concept may look like three things
WEIGHTS = ('pretrained', 'init_cfg')  # of a config: where weights come from
# What a black box keeps of its config: the rest is shared, or of training.
NOT_OF_BLACK_BOX = (
    'backbone',
    'neck',
    'auxiliary_head',
    'data_preprocessor',
    *WEIGHTS,
)


def concept_model_config(
    model: Mapping,
    segmentor: Any,
    choice: StageChoice,
    concepts: int,
    target: str = 'labels',
) -> dict:
    """Write the config of a concept head on the backbone of a segmentor.

    Preprocessing, backbone, ``test_cfg``, classes, ignored label and
    ``align_corners`` are the segmentor's. Its neck, if any, becomes a part of
    the backbone.

    Args:
        model: Config of the segmentor.
        segmentor: The segmentor itself.
        choice: Maps of its backbone to use.
        concepts: Number ``K`` of concepts.
        target: ``'labels'``, or ``'model'`` for a surrogate, which keeps the
            segmentor's own heads beside those for concepts.

    Raises:
        ValueError: If it has no classes to choose from.
    """
    norm_cfg = _norm(model)
    config = dict(
        type='EncoderDecoder',
        backbone=frozen_backbone(model),
        neck=_neck(choice, norm_cfg),
        decode_head=_head(segmentor, concepts),
        test_cfg=_plain(model.get('test_cfg') or dict(mode='whole')),
    )
    if model.get('data_preprocessor'):
        config['data_preprocessor'] = _plain(model['data_preprocessor'])
    if target == 'model':
        kept = {k: v for k, v in model.items() if k not in NOT_OF_BLACK_BOX}
        config.update(
            type='mmproto.SurrogateEncoderDecoder',
            black_box=_without_weights(_plain(kept)),
        )
    return config


def frozen_backbone(model: Mapping) -> dict:
    """Return the config of what is frozen: backbone and neck of a segmentor.

    Args:
        model: Config of the segmentor. Where its weights came from is left
            out: a checkpoint has them.
    """
    backbone = _without_weights(_plain(model['backbone']))
    if not model.get('neck'):
        return backbone
    return dict(
        type='mmproto.BackboneWithNeck',
        backbone=backbone,
        neck=_without_weights(_plain(model['neck'])),
    )


def frozen_weights(
    state: Mapping[str, Tensor], model: Mapping, target: str = 'labels'
) -> dict[str, Tensor]:
    """Name the weights of a segmentor as its concept model names them.

    Args:
        state: State dict of the segmentor.
        model: Its config.
        target: As in :func:`concept_model_config`.

    Returns:
        Weights of the backbone and, for a surrogate, of the segmentor's own
        heads.
    """
    names = {'backbone.': 'backbone.'}
    if model.get('neck'):
        names = {'backbone.': 'backbone.backbone.', 'neck.': 'backbone.neck.'}
    if target == 'model':
        names['decode_head.'] = 'black_box.decode_head.'
    return {
        new + key.removeprefix(old): value
        for key, value in state.items()
        for old, new in names.items()
        if key.startswith(old)
    }


def _neck(choice: StageChoice, norm_cfg: dict) -> dict:
    neck = dict(
        type='mmproto.SharedASPP',
        in_channels=list(choice.channels),
        in_index=list(choice.stages),
        mid_channels=MID_CHANNELS,
        channels=MID_CHANNELS,
        dilations=choice.dilations,
        norm_cfg=norm_cfg,
        act_cfg=dict(type='ReLU'),
    )
    if len(choice.stages) > 1:
        neck['size_index'] = choice.size_index
    if choice.pool > 1:
        neck['pool'] = choice.pool
    return neck


def _head(segmentor: Any, concepts: int) -> dict:
    classes = segmentor.num_classes
    if classes < 2:
        raise ValueError(
            f'the segmentor has num_classes={classes}, one sigmoid; concepts '
            'speak for classes against each other, so there have to be two: '
            'train it with num_classes=2, out_channels=1'
        )
    return dict(
        type='mmproto.PrototypeHead',
        in_channels=MID_CHANNELS,
        channels=LATENTS,
        num_classes=classes,
        num_concepts=concepts,
        prototypes_per_concept=PROTOTYPES,
        prototype_layer=dict(
            type='mmproto.CosinePrototypes',
            temperature=0.05,  # sharp: fewer concepts per decision
            learn_temperature=False,
        ),
        link='share',
        align_corners=segmentor.align_corners,
        ignore_index=getattr(_last_head(segmentor), 'ignore_index', VOID),
        # class weights of the user's losses would bend the shares of evidence
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    )


def _last_head(segmentor: Any) -> Any:
    """Return the head that predicts: the last one of a cascade."""
    head = segmentor.decode_head
    return head[-1] if hasattr(head, '__getitem__') else head


def _norm(model: Mapping) -> dict:
    """Return the norm of the segmentor's heads, if it is a batch norm."""
    heads = model['decode_head']
    last = heads[-1] if isinstance(heads, (list, tuple)) else heads
    synced = (last.get('norm_cfg') or {}).get('type') == 'SyncBN'
    return dict(type='SyncBN' if synced else 'BN', requires_grad=True)


def _plain(config: Any) -> Any:
    """Copy a config to plain dicts and lists."""
    if isinstance(config, Mapping):
        return {key: _plain(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_plain(value) for value in config)
    return copy.deepcopy(config)


def _without_weights(config: Any) -> Any:
    """Drop, at any depth, what a config says about initial weights."""
    if isinstance(config, (list, tuple)):
        return type(config)(_without_weights(value) for value in config)
    if not isinstance(config, dict):
        return config
    kept = {
        key: _without_weights(value)
        for key, value in config.items()
        if key not in WEIGHTS
    }
    if kept.get('type') == 'TIMMBackbone':
        kept.pop('checkpoint_path', None)
        kept['pretrained'] = False  # else it asks a hub
    return kept
