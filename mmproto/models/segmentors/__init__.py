"""Segmentors: a concept model together with the model that it explains."""

from .shared_backbone import SharedBackbone as SharedBackbone
from .surrogate import SurrogateEncoderDecoder as SurrogateEncoderDecoder
