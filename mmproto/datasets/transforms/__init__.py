"""Transforms of mmproto and the functions that collate their results."""

from mmproto.datasets.transforms.two_views import TwoViews, two_view_collate

__all__ = ['TwoViews', 'two_view_collate']
