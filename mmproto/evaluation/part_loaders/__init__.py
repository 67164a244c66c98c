"""Loaders of the part labels of public data sets."""

from .panoptic_parts import LoadPanopticParts as LoadPanopticParts
from .pascal_parts import LoadPascalParts as LoadPascalParts
from .street_toy_parts import LoadStreetToyParts as LoadStreetToyParts
