"""Transforms of mmproto and the functions that collate their results."""

from .two_views import TwoViews as TwoViews
from .two_views import two_view_collate as two_view_collate
