"""Prototype layers: interchangeable similarities of latents to prototypes."""

from .base import PrototypeLayer as PrototypeLayer
from .cosine import CosinePrototypes as CosinePrototypes
from .distance import DistancePrototypes as DistancePrototypes
from .softmax import SoftmaxConcepts as SoftmaxConcepts
