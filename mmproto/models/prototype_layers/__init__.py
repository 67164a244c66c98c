"""Prototype layers: interchangeable similarities of latents to prototypes."""

from .base import PrototypeLayer
from .cosine import CosinePrototypes
from .distance import DistancePrototypes
from .softmax import SoftmaxConcepts

__all__ = [
    'CosinePrototypes',
    'DistancePrototypes',
    'PrototypeLayer',
    'SoftmaxConcepts',
]
