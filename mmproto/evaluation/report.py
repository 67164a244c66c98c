"""The file that holds what all metrics of explanations found."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mmproto.utils.files import atomic_path, write_json
from mmproto.version import __version__

from .base import Report, lines_of
from .report_figure import draw_report
from .report_table import report_table

REPORT_VERSION = 1


@dataclass(frozen=True)
class ReportHeader:
    """What was measured.

    Args:
        config: Path of the config.
        checkpoint: Path of the checkpoint.
        data_set: Name of the data set, or its path.
        num_images: Images that were measured.
        classes: Names of the classes.
        date: As the reader should see it, such as ``2026-11-22``.
        accuracy: Numbers of other metrics, such as mIoU.
        sha256: Digest of the checkpoint, if known.
        surrogate: What the model says about being one, if it is.
        mmproto: Version of this package.
    """

    config: str
    checkpoint: str
    data_set: str
    num_images: int
    classes: list[str]
    date: str
    accuracy: dict[str, float | None] = field(default_factory=dict)
    sha256: str | None = None
    surrogate: dict | None = None
    mmproto: str = __version__


def report_data(header: ReportHeader, reports: Mapping[str, Report]) -> dict:
    """Join header and reports, as ``explanation_report.schema.json`` says.

    Args:
        header: What was measured.
        reports: Report of each metric, by name.

    Returns:
        Plain types.

    Raises:
        ValueError: If there is anything but plain types and finite numbers,
            or if a curve or histogram does not fit together.
    """
    data = dict(version=REPORT_VERSION, **asdict(header), metrics={})
    data = _plain(data, 'header')
    for name, report in reports.items():
        data['metrics'][name] = _plain(report, name)
        for title, curve in report['curves'].items():
            _check_lengths(
                lines_of(curve, 'y'), len(curve['x']), f'{name}.{title}'
            )
        for title, histogram in report['histograms'].items():
            _check_lengths(
                lines_of(histogram, 'counts'),
                _num_bins(histogram),
                f'{name}.{title}',
            )
    return data


def save_report(
    header: ReportHeader, reports: Mapping[str, Report], path: str | Path
) -> str:
    """Write the JSON and, next to it, the figure.

    Args:
        header: What was measured.
        reports: Report of each metric, by name.
        path: Path of the JSON; its folder is made if it is missing.

    Returns:
        The report as a table of text.

    Raises:
        ValueError: If the path does not end in ``.json``, or for the reasons
            of :func:`report_data`; nothing is written then.
    """
    path = Path(path)
    if path.suffix != '.json':
        raise ValueError(
            f'the report is a JSON file, got {path}; let its name end in .json'
        )
    data = report_data(header, reports)
    with atomic_path(path.with_suffix('.png')) as temporary:
        draw_report(data).savefig(temporary)
    write_json(data, path)
    return report_table(data)


def _num_bins(histogram: Mapping) -> int:
    if 'edges' in histogram:
        return len(histogram['edges']) - 1
    return len(histogram['labels'])


def _check_lengths(lines: dict[str, list], length: int, where: str) -> None:
    for name, values in lines.items():
        if len(values) != length:
            raise ValueError(
                f'{where} has {len(values)} values {name!r} at {length} '
                'places; each place needs one'
            )


def _plain(value: Any, where: str) -> Any:
    """Copy plain types; refuse anything else, and say where it is."""
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f'{where} has a key {key!r}; give a string')
        return {k: _plain(v, f'{where}.{k}') for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v, f'{where}[{i}]') for i, v in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(
            f'{where} is {value}; what could not be measured has to be None'
        )
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(
        f'{where} is a {type(value).__name__}; give plain numbers, strings, '
        'lists or dicts'
    )
