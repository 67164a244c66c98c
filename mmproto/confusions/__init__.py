"""Which concepts cause which confusions on a data set."""

from .counts import Confusions
from .measure import measure_confusions
from .save import save_confusions
from .split import use_split
from .table import Source

__all__ = [
    'Confusions',
    'Source',
    'measure_confusions',
    'save_confusions',
    'use_split',
]
