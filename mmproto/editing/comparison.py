"""What an edit changes, as a table."""

from prettytable import PrettyTable
from torch import Tensor

from mmproto.checkpoints.comparison import ModelComparison

from .words import printable


def change_table(found: ModelComparison) -> str:
    """Write a table of the classes, their mean, and changed pixels.

    Args:
        found: The model before and after the edit.

    Raises:
        ValueError: If there were no labels.
    """
    if not found.labelled:
        raise ValueError(
            'the accuracy cannot be compared: the test data has no labels; '
            'add LoadAnnotations to its pipeline'
        )
    table = PrettyTable(['class', 'before', 'after', 'change'], align='r')
    table.align['class'] = 'l'
    for name, *ious in zip(found.classes, *found.ious):
        table.add_row([printable(name), *_numbers(*ious)])
    table.add_divider()
    table.add_row(['mIoU', *_numbers(*found.ious.nanmean(dim=1))])
    return f'{table}\nchanged pixels: {1 - found.agreement:.4%}'


def _numbers(before: Tensor, after: Tensor) -> tuple[str, str, str]:
    if before.isnan() and after.isnan():
        return '-', '-', '-'
    return f'{before:.2f}', f'{after:.2f}', f'{after - before:+.2f}'
