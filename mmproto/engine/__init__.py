"""What mmproto adds to a run of mmengine: its hooks and training loops."""

from . import hooks as hooks
from . import loops as loops
