"""Necks: turn backbone features into latents at several scales."""

from .separate_aspp import SeparateASPP as SeparateASPP
from .shared_aspp import SharedASPP as SharedASPP
