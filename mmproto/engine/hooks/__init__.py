"""Hooks for training phases, prototypes, sparsity and explanations."""

from .channels_last_hook import ChannelsLastHook as ChannelsLastHook
from .explanation_metrics_hook import (
    ExplanationMetricsHook as ExplanationMetricsHook,
)
from .frozen_features_hook import FrozenFeaturesHook as FrozenFeaturesHook
from .prototype_health_hook import PrototypeHealthHook as PrototypeHealthHook
from .prototype_init_hook import PrototypeInitHook as PrototypeInitHook
from .prototype_projection_hook import (
    PrototypeProjectionHook as PrototypeProjectionHook,
)
from .prototype_visualization_hook import (
    PrototypeVisualizationHook as PrototypeVisualizationHook,
)
from .reseed_hook import PrototypeReseedHook as PrototypeReseedHook
from .simplex_hook import SimplexHook as SimplexHook
from .sparsify_hook import SparsifyHook as SparsifyHook
from .temperature_hook import TemperatureHook as TemperatureHook
from .training_phase_hook import TrainingPhaseHook as TrainingPhaseHook
