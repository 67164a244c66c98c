"""Decode heads."""

from .class_specific_conv import ClassSpecificConv2d
from .non_negative_conv import NonNegativeConv2d
from .prototype_head import PrototypeHead
from .simplex_groups import SimplexGroups

__all__ = [
    'ClassSpecificConv2d',
    'NonNegativeConv2d',
    'PrototypeHead',
    'SimplexGroups',
]
