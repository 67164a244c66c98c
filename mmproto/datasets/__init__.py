"""Data sets, their checks and the transforms of their pipelines."""

from .camvid import CamVidDataset as CamVidDataset
from .car_parts import CarPartsDataset as CarPartsDataset
from .check_hook import DatasetCheckHook as DatasetCheckHook
from .cityscapes30 import Cityscapes30Dataset as Cityscapes30Dataset
from .street_toy import StreetToyDataset as StreetToyDataset
from .transforms import TwoViews as TwoViews
from .transforms import two_view_collate as two_view_collate
