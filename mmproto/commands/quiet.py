"""Keep back what libraries say about parts that no command uses."""

import io
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from mmproto.utils.import_hook import around_import

# mmseg prints it twice on import, for want of a package of the forks
UNUSED_DATA_SET = 'Could not import OneDL\n'
# mmcv warns of it where its operators are not compiled
UNUSED_OPERATOR = (
    'Fail to import ``MultiScaleDeformableAttention`` from '
    '``mmcv.ops.multi_scale_deform_attn``, '
)


def silence_libraries() -> None:
    """Drop exactly these messages in this process, and let others through."""
    warnings.filterwarnings(
        'ignore',
        UNUSED_OPERATOR,
        UserWarning,
        r'mmcv\.cnn\.bricks\.transformer$',
    )
    around_import('mmseg.datasets', without_unused_data_set)


@contextmanager
def without_unused_data_set() -> Iterator[None]:
    """Print what is printed within, less the line on a missing package."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        sys.stdout.write(printed.getvalue().replace(UNUSED_DATA_SET, ''))
