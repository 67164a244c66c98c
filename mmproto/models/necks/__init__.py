"""Necks: what turns backbone features into latents at several scales."""

from .separate_aspp import SeparateASPP
from .shared_aspp import SharedASPP

__all__ = ['SeparateASPP', 'SharedASPP']
