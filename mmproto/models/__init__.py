"""Models: necks, decode heads, prototype layers, losses and the TTA model."""

from .decode_heads import PrototypeHead
from .losses import (
    AlignmentLoss,
    ClusterLoss,
    CompactnessLoss,
    GroupEntropyLoss,
    JeffreysDiversityLoss,
    JensenShannonDiversityLoss,
    PresenceLoss,
    SeparationLoss,
    SparsityLoss,
    UsageBalanceLoss,
)
from .necks import SharedASPP
from .prototype_layers import (
    CosinePrototypes,
    DistancePrototypes,
    SoftmaxConcepts,
)
from .tta import EvidenceTTAModel
from .weights import load_imagenet_weights

__all__ = [
    'AlignmentLoss',
    'ClusterLoss',
    'CompactnessLoss',
    'CosinePrototypes',
    'DistancePrototypes',
    'EvidenceTTAModel',
    'GroupEntropyLoss',
    'JeffreysDiversityLoss',
    'JensenShannonDiversityLoss',
    'PresenceLoss',
    'PrototypeHead',
    'SeparationLoss',
    'SharedASPP',
    'SoftmaxConcepts',
    'SparsityLoss',
    'UsageBalanceLoss',
    'load_imagenet_weights',
]
