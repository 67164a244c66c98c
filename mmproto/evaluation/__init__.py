"""Metrics of explanations, for any ``val_evaluator`` or ``test_evaluator``."""

from .boundary_metric import BoundaryMetric
from .boundary_sharpness_metric import BoundarySharpnessMetric
from .class_iou import ClassIoU
from .consistency_metric import ConsistencyMetric
from .diversity_metric import DiversityMetric
from .explanation_size_metric import ExplanationSizeMetric
from .faithfulness_metric import FaithfulnessMetric
from .ood_metric import OODMetric
from .part_loaders import (
    LoadPanopticParts,
    LoadPascalParts,
    LoadStreetToyParts,
)
from .purity_metric import PurityMetric
from .scale_independence_metric import ScaleIndependenceMetric
from .stability_metric import StabilityMetric

__all__ = [
    'BoundaryMetric',
    'BoundarySharpnessMetric',
    'ClassIoU',
    'ConsistencyMetric',
    'DiversityMetric',
    'ExplanationSizeMetric',
    'FaithfulnessMetric',
    'LoadPanopticParts',
    'LoadPascalParts',
    'LoadStreetToyParts',
    'OODMetric',
    'PurityMetric',
    'ScaleIndependenceMetric',
    'StabilityMetric',
]
