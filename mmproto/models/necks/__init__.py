"""Necks: what turns backbone features into latents at several scales."""

from .shared_aspp import SharedASPP

__all__ = ['SharedASPP']
