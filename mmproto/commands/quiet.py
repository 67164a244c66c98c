"""Keep back what libraries say to nobody who runs a command."""

import io
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from mmproto.utils.import_hook import around_import

# mmseg prints it twice on import, for want of a package of the forks
UNUSED_DATA_SET = 'Could not import OneDL\n'
WARNINGS = {
    # mmcv misses an operator where its operators are not compiled
    r'mmcv\.cnn\.bricks\.transformer$': (
        'Fail to import ``MultiScaleDeformableAttention`` from '
        '``mmcv.ops.multi_scale_deform_attn``, '
    ),
    # stock mmseg warns of its own heads
    r'mmseg\.models\.builder$': (
        '``build_loss`` would be deprecated soon, please use '
    ),
}


def silence_libraries() -> None:
    """Drop exactly these messages in this process, and let others through."""
    for module, message in WARNINGS.items():
        warnings.filterwarnings('ignore', message, UserWarning, module)
    around_import('mmseg.datasets', without_unused_data_set)


@contextmanager
def without_unused_data_set() -> Iterator[None]:
    """Print what is printed within, but for the line on a missing package."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        for line in printed.getvalue().splitlines(keepends=True):
            if line != UNUSED_DATA_SET:
                sys.stdout.write(line)
