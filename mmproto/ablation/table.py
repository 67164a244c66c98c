"""The results of an ablation as a Markdown table."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from .key_numbers import CLASS_PREFIX, Figures
from .rows import RESULTS
from .runs import read_json

BASELINE = 'black_box'
COLUMNS = (
    'miou_before',
    'miou',
    'exact_zeros',
    'concepts_used',
    'concepts_dead',
    'local_size',
    'train_class_purity',
    'part_purity_used',
    'consistency',
    'duplicates',
    'kept_half',
    'kept_double',
    'scale_right_half',
    'scale_right_double',
    'sharpness',
    'seconds_step',
    'memory_mb',
)
TITLES = {
    'miou': 'mIoU [%]',
    'miou_before': 'mIoU before projection [%]',
    'exact_zeros': 'exact zeros',
    'concepts_used': 'concepts used',
    'concepts_dead': 'dead',
    'local_size': 'concepts a decision',
    'train_class_purity': 'class purity (train patches)',
    'class_purity': 'class purity',
    'part_purity': 'part purity, all concepts',
    'part_purity_used': 'part purity',
    'sharpness': 'sharpness at boundaries',
    'kept_half': 'concept kept at x0.5',
    'kept_double': 'concept kept at x2',
    'scale_right_half': 'scale moves right at x0.5',
    'scale_right_double': 'scale moves right at x2',
    'seconds_step': 'seconds a step',
    'memory_mb': 'peak memory [MB]',
}
DECIMALS = {
    'miou': 2,
    'miou_before': 2,
    'concepts_used': 1,
    'concepts_dead': 1,
    'duplicates': 1,
    'local_size': 2,
    'seconds_step': 2,
    'iterations': 0,
    'memory_mb': 0,
}
Results = Mapping[str, Mapping[int, Figures]]  # row -> seed -> figures


@dataclass(frozen=True)
class Spread:
    """Mean over seeds.

    Args:
        mean: Of the seeds with a value.
        deviation: Standard deviation of a sample; ``None`` for one seed.
        number: Of seeds with a value.
    """

    mean: float
    deviation: float | None
    number: int


def load_results(
    rows: Iterable[str],
    work_dir: str | Path,
    seeds: Sequence[int] | None = None,
) -> dict[str, dict[int, Figures]]:
    """Read the results that exist.

    Args:
        rows: Names; a row without results is left out.
        work_dir: Folder of all runs.
        seeds: Which to read, all by default.
    """
    return group_figures(load_records(rows, work_dir, seeds))


def load_records(
    rows: Iterable[str],
    work_dir: str | Path,
    seeds: Sequence[int] | None = None,
) -> list[dict]:
    """Read all that was kept of runs, row by row in order of the seeds.

    Args:
        rows: Names; a row without results is left out.
        work_dir: Folder of all runs.
        seeds: Which to read, all by default.
    """
    records: list[dict] = []
    for row in rows:
        paths = Path(work_dir, RESULTS).glob(f'{row}_seed*.json')
        found = [data for data in map(read_json, paths) if data['row'] == row]
        records += sorted(
            (d for d in found if seeds is None or d['seed'] in seeds),
            key=lambda data: data['seed'],
        )
    return records


def group_figures(records: Iterable[Mapping]) -> dict[str, dict[int, Figures]]:
    """The figures of records, by row and seed."""
    results: dict[str, dict[int, Figures]] = {}
    for data in records:
        results.setdefault(data['row'], {})[data['seed']] = data['figures']
    return results


def spread(values: Iterable[float | None]) -> Spread | None:
    """Mean and deviation of what was measured; ``None`` of nothing."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    deviation = stdev(known) if len(known) > 1 else None
    return Spread(mean(known), deviation, len(known))


def row_spread(figures: Mapping[int, Figures], name: str) -> Spread | None:
    """Mean and deviation of one figure of one row."""
    return spread(own.get(name) for own in figures.values())


def difference(
    figures: Mapping[int, Figures], others: Mapping[int, Figures]
) -> Spread | None:
    """Mean difference of mIoU, in points, over the seeds of both rows."""
    pairs = (
        (figures[seed].get('miou'), others[seed].get('miou'))
        for seed in figures
        if seed in others
    )
    return spread(
        own - other
        for own, other in pairs
        if own is not None and other is not None
    )


def markdown_table(results: Results, columns: Sequence[str] = ()) -> str:
    """Lay out one line a row.

    Args:
        results: Of :func:`load_results`.
        columns: Names of figures; by default the usual ones that any row has.
    """
    if not columns:
        columns = [
            name
            for name in COLUMNS
            if any(row_spread(own, name) for own in results.values())
        ]
    baseline = results.get(BASELINE)
    header = ['row', 'seeds']
    for name in columns:
        header.append(_title(name))
        if name == 'miou' and baseline:
            header.append(f'minus {BASELINE}')
    lines = [header, ['---'] + ['---:'] * (len(header) - 1)]
    for row, figures in results.items():
        cells = [row, str(len(figures))]
        for name in columns:
            found = row_spread(figures, name)
            cells.append(_cell(found, len(figures), name))
            if name == 'miou' and baseline:
                gain = difference(figures, baseline)
                own = row == BASELINE
                cells.append(
                    '' if own else _cell(gain, len(figures), name, '+')
                )
        lines.append(cells)
    note = 'Mean ± standard deviation over the seeds; n: fewer of them.'
    table = [f'| {" | ".join(cells)} |' for cells in lines]
    return '\n'.join([*table, '', note, ''])


def _title(name: str) -> str:
    if name.startswith(CLASS_PREFIX):
        return f'IoU {name.removeprefix(CLASS_PREFIX)} [%]'
    return TITLES.get(name, name.replace('_', ' '))


def _cell(found: Spread | None, seeds: int, name: str, sign: str = '') -> str:
    if found is None:
        return '-'
    decimals = 1 if name.startswith(CLASS_PREFIX) else DECIMALS.get(name, 3)
    form = f'.{decimals}f'
    if 0 < abs(found.mean) < 0.5 * 10**-decimals:
        form = '.0e'
    text = f'{found.mean:{sign}{form}}'
    if found.deviation is not None and math.isfinite(found.deviation):
        text += f' ± {found.deviation:{form}}'
    return text if found.number == seeds else f'{text} (n={found.number})'
