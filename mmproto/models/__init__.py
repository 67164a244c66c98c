"""Models: necks, decode heads, prototype layers, losses and the TTA model."""

from .decode_heads import (
    ClassSpecificConv2d,
    NonNegativeConv2d,
    PrototypeHead,
    SimplexGroups,
)
from .losses import (
    AlignmentLoss,
    ClusterLoss,
    CompactnessLoss,
    DistanceDiversityLoss,
    GroupEntropyLoss,
    JeffreysDiversityLoss,
    JensenShannonDiversityLoss,
    PresenceLoss,
    SeparationLoss,
    SparsityLoss,
    UsageBalanceLoss,
)
from .necks import SeparateASPP, SharedASPP
from .prototype_layers import (
    CosinePrototypes,
    DistancePrototypes,
    SoftmaxConcepts,
)
from .tta import EvidenceTTAModel
from .weights import load_imagenet_weights

__all__ = [
    'AlignmentLoss',
    'ClassSpecificConv2d',
    'ClusterLoss',
    'CompactnessLoss',
    'CosinePrototypes',
    'DistanceDiversityLoss',
    'DistancePrototypes',
    'EvidenceTTAModel',
    'GroupEntropyLoss',
    'JeffreysDiversityLoss',
    'JensenShannonDiversityLoss',
    'NonNegativeConv2d',
    'PresenceLoss',
    'PrototypeHead',
    'SeparateASPP',
    'SeparationLoss',
    'SharedASPP',
    'SimplexGroups',
    'SoftmaxConcepts',
    'SparsityLoss',
    'UsageBalanceLoss',
    'load_imagenet_weights',
]
