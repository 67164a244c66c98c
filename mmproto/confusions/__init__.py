"""Which concepts cause which confusions on a data set."""

from .counts import Confusions as Confusions
from .measure import measure_confusions as measure_confusions
from .save import save_confusions as save_confusions
from .split import use_split as use_split
