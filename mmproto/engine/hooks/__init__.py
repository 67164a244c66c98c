"""Hooks: phases of training, sparsity, health, projection, start values."""

from .channels_last_hook import ChannelsLastHook
from .explanation_metrics_hook import ExplanationMetricsHook
from .prototype_health_hook import PrototypeHealthHook
from .prototype_init_hook import PrototypeInitHook
from .prototype_projection_hook import PrototypeProjectionHook
from .prototype_visualization_hook import PrototypeVisualizationHook
from .reseed_hook import PrototypeReseedHook
from .simplex_hook import SimplexHook
from .sparsify_hook import SparsifyHook
from .temperature_hook import TemperatureHook
from .training_phase_hook import TrainingPhaseHook

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
