"""Models: necks, decode heads, prototype layers, losses and the TTA model."""

from .decode_heads import PrototypeHead
from .losses import *  # noqa: F401,F403
from .necks import SharedASPP
from .prototype_layers import (
    CosinePrototypes,
    DistancePrototypes,
    SoftmaxConcepts,
)
from .tta import EvidenceTTAModel
from .weights import load_imagenet_weights

__all__ = [
    'CosinePrototypes',
    'DistancePrototypes',
    'EvidenceTTAModel',
    'PrototypeHead',
    'SharedASPP',
    'SoftmaxConcepts',
    'load_imagenet_weights',
]
