"""Loaders of the part labels of public data sets."""

from .panoptic_parts import LoadPanopticParts
from .pascal_parts import LoadPascalParts
from .street_toy_parts import LoadStreetToyParts

__all__ = ['LoadPanopticParts', 'LoadPascalParts', 'LoadStreetToyParts']
