"""Data sets, their checks and the transforms of their pipelines."""

from .camvid import CamVidDataset
from .check_hook import DatasetCheckHook
from .cityscapes30 import Cityscapes30Dataset
from .street_toy import StreetToyDataset
from .transforms import TwoViews, two_view_collate

__all__ = [
    'CamVidDataset',
    'Cityscapes30Dataset',
    'DatasetCheckHook',
    'StreetToyDataset',
    'TwoViews',
    'two_view_collate',
]
