"""What mmproto adds to a run of mmengine: its hooks."""

from .hooks import (
    ChannelsLastHook,
    ExplanationMetricsHook,
    PrototypeHealthHook,
    PrototypeInitHook,
    PrototypeProjectionHook,
    SparsifyHook,
    TrainingPhaseHook,
)

__all__ = [
    'ChannelsLastHook',
    'ExplanationMetricsHook',
    'PrototypeHealthHook',
    'PrototypeInitHook',
    'PrototypeProjectionHook',
    'SparsifyHook',
    'TrainingPhaseHook',
]
