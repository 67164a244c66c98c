"""The results of an ablation as a Markdown table."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from mmengine.logging import print_log

from mmproto.utils.files import atomic_path

from .key_numbers import CLASS_PREFIX, Figures
from .results import Results

BASELINE = 'black_box'


class Column(NamedTuple):
    """How a figure is shown.

    Args:
        title: Of its column.
        decimals: Digits after the point.
        usual: Whether it is shown if no columns are chosen.
    """

    title: str
    decimals: int = 3
    usual: bool = True


COLUMNS = {
    'miou_before': Column('mIoU before projection [%]', 2),
    'miou': Column('mIoU [%]', 2),
    'exact_zeros': Column('exact zeros'),
    'concepts_used': Column('concepts used', 1),
    'concepts_dead': Column('dead', 1),
    'local_size': Column('concepts per decision', 2),
    'train_class_purity': Column('class purity (train patches)'),
    'part_purity_used': Column('part purity'),
    'consistency': Column('consistency'),
    'duplicates': Column('duplicates', 1),
    'kept_half': Column('concept kept at x0.5'),
    'kept_double': Column('concept kept at x2'),
    'scale_right_half': Column('scale moves right at x0.5'),
    'scale_right_double': Column('scale moves right at x2'),
    'sharpness': Column('sharpness at boundaries'),
    'seconds_step': Column('seconds per step', 2),
    'memory_mb': Column('peak memory [MB]', 0),
    'part_purity': Column('part purity, all concepts', usual=False),
    'iterations': Column('iterations', 0, usual=False),
}


@dataclass(frozen=True)
class Spread:
    """Mean and deviation over the seeds with a value.

    Args:
        mean: Of their values.
        deviation: Standard deviation of a sample; ``None`` for one seed.
        number: How many seeds have a value.
    """

    mean: float
    deviation: float | None
    number: int


def over_seeds(values: Iterable[float | None]) -> Spread | None:
    """Average the values that are known; ``None`` if there are none."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    deviation = stdev(known) if len(known) > 1 else None
    return Spread(mean(known), deviation, len(known))


def row_spread(figures: Mapping[int, Figures], name: str) -> Spread | None:
    """Average one figure of one row over its seeds."""
    return over_seeds(own.get(name) for own in figures.values())


def mean_gain(
    figures: Mapping[int, Figures], others: Mapping[int, Figures]
) -> Spread | None:
    """Average the difference of mIoU, in points, over common seeds."""
    pairs = (
        (own.get('miou'), others.get(seed, {}).get('miou'))
        for seed, own in figures.items()
    )
    return over_seeds(
        None if own is None or other is None else own - other
        for own, other in pairs
    )


def markdown_table(results: Results, columns: Sequence[str] = ()) -> str:
    """Lay out one line per row.

    Args:
        results: Figures by row and seed.
        columns: Names of figures; by default the usual ones that some row
            has.
    """
    if not columns:
        columns = [
            name
            for name, column in COLUMNS.items()
            if column.usual
            and any(row_spread(own, name) for own in results.values())
        ]
    baseline = results.get(BASELINE)
    header = ['row', 'seeds']
    for name in columns:
        header.append(_column(name).title)
        if name == 'miou' and baseline:
            header.append(f'minus {BASELINE}')
    lines = [header, ['---'] + ['---:'] * (len(header) - 1)]
    for row, figures in results.items():
        cells = [row, str(len(figures))]
        for name in columns:
            found = row_spread(figures, name)
            cells.append(_cell(found, len(figures), name))
            if name == 'miou' and baseline:
                gain = mean_gain(figures, baseline)
                own = row == BASELINE
                cells.append(
                    '' if own else _cell(gain, len(figures), name, '+')
                )
        lines.append(cells)
    note = 'Mean ± standard deviation over the seeds; n: seeds with a value.'
    table = [f'| {" | ".join(cells)} |' for cells in lines]
    return '\n'.join([*table, '', note, ''])


def write_table(text: str, path: str | Path) -> None:
    """Write a text, and print it."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding='utf-8')
    print_log(f'{text}\n{path}', logger=None)


def _column(name: str) -> Column:
    if name.startswith(CLASS_PREFIX):
        return Column(f'IoU {name.removeprefix(CLASS_PREFIX)} [%]', 1)
    return COLUMNS.get(name, Column(name.replace('_', ' ')))


def _cell(found: Spread | None, seeds: int, name: str, sign: str = '') -> str:
    if found is None:
        return '-'
    decimals = _column(name).decimals
    form = f'.{decimals}f'
    if 0 < abs(found.mean) < 0.5 * 10**-decimals:
        form = '.0e'
    text = f'{found.mean:{sign}{form}}'
    if found.deviation is not None and math.isfinite(found.deviation):
        text += f' ± {found.deviation:{form}}'
    return text if found.number == seeds else f'{text} (n={found.number})'
