"""Metrics of explanations, for any ``val_evaluator`` or ``test_evaluator``."""

from .boundary_metric import BoundaryMetric as BoundaryMetric
from .boundary_sharpness_metric import (
    BoundarySharpnessMetric as BoundarySharpnessMetric,
)
from .class_iou import ClassIoU as ClassIoU
from .consistency_metric import ConsistencyMetric as ConsistencyMetric
from .diversity_metric import DiversityMetric as DiversityMetric
from .explanation_size_metric import (
    ExplanationSizeMetric as ExplanationSizeMetric,
)
from .faithfulness_metric import FaithfulnessMetric as FaithfulnessMetric
from .ood_metric import OODMetric as OODMetric
from .part_loaders import LoadPanopticParts as LoadPanopticParts
from .part_loaders import LoadPascalParts as LoadPascalParts
from .part_loaders import LoadStreetToyParts as LoadStreetToyParts
from .purity_metric import PurityMetric as PurityMetric
from .scale_independence_metric import (
    ScaleIndependenceMetric as ScaleIndependenceMetric,
)
from .stability_metric import StabilityMetric as StabilityMetric
