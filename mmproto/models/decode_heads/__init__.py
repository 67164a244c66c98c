"""Decode heads."""

from .class_specific_conv import ClassSpecificConv2d as ClassSpecificConv2d
from .non_negative_conv import NonNegativeConv2d as NonNegativeConv2d
from .prototype_head import PrototypeHead as PrototypeHead
from .simplex_groups import SimplexGroups as SimplexGroups
