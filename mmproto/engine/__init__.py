"""What mmproto adds to a run of mmengine: its hooks."""

from .hooks import (
    ChannelsLastHook,
    ExplanationMetricsHook,
    PrototypeHealthHook,
    PrototypeInitHook,
    PrototypeProjectionHook,
    PrototypeReseedHook,
    PrototypeVisualizationHook,
    SimplexHook,
    SparsifyHook,
    TemperatureHook,
    TrainingPhaseHook,
)

__all__ = [
    'ChannelsLastHook',
    'ExplanationMetricsHook',
    'PrototypeHealthHook',
    'PrototypeInitHook',
    'PrototypeProjectionHook',
    'PrototypeReseedHook',
    'PrototypeVisualizationHook',
    'SimplexHook',
    'SparsifyHook',
    'TemperatureHook',
    'TrainingPhaseHook',
]
