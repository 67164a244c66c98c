"""What mmproto adds to a run of mmengine: its hooks."""

from .hooks import (
    ChannelsLastHook,
    PrototypeHealthHook,
    PrototypeInitHook,
    PrototypeProjectionHook,
    SparsifyHook,
    TrainingPhaseHook,
)

__all__ = [
    'ChannelsLastHook',
    'PrototypeHealthHook',
    'PrototypeInitHook',
    'PrototypeProjectionHook',
    'SparsifyHook',
    'TrainingPhaseHook',
]
