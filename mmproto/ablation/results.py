"""What a sweep keeps of each run: a JSON with figures and their origin."""

import datetime
import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from mmengine.fileio import load

from mmproto.utils.environment import FORKS, STOCK
from mmproto.version import __version__

from .key_numbers import Figures
from .runs import Run
from .sweep import RESULTS

CPU_INFO = Path('/proc/cpuinfo')
Results = Mapping[str, Mapping[int, Figures]]  # row -> seed -> figures


def result_record(run: Run, figures: Figures, interval: int) -> dict[str, Any]:
    """Collect what is kept of a run, in plain types."""
    row = run.row
    return dict(
        row=row.name,
        seed=run.seed,
        config=row.config,
        options=row.options,
        remove_hooks=row.remove_hooks,
        add_hooks=row.add_hooks,
        start=row.start,
        after=row.after,
        interval=interval,
        config_hash=run.fingerprint,
        date=datetime.date.today().isoformat(),
        machine=describe_machine(),
        versions=describe_versions(),
        figures=figures,
    )


def load_records(
    rows: Iterable[str],
    work_dir: str | Path,
    seeds: Sequence[int] | None = None,
) -> list[dict]:
    """Read the records of runs, row by row in order of their seeds.

    Args:
        rows: Names; a row without results is left out.
        work_dir: Folder of all runs.
        seeds: Which to read, all by default.
    """
    order = list(rows)
    records = map(load, Path(work_dir, RESULTS).glob('*_seed*.json'))
    chosen = [data for data in records if data['row'] in order]
    if seeds is not None:
        chosen = [data for data in chosen if data['seed'] in seeds]
    return sorted(chosen, key=lambda d: (order.index(d['row']), d['seed']))


def group_figures(records: Iterable[Mapping]) -> dict[str, dict[int, Figures]]:
    """Group the figures of records by row and seed."""
    results: dict[str, dict[int, Figures]] = {}
    for data in records:
        results.setdefault(data['row'], {})[data['seed']] = data['figures']
    return results


def describe_machine() -> dict[str, Any]:
    """Name the processor, its cores, the threads of torch and the GPU."""
    machine = dict(
        cpu=_cpu_model(),
        cores=os.cpu_count(),
        threads=torch.get_num_threads(),
    )
    if torch.cuda.is_available():
        machine['gpu'] = torch.cuda.get_device_name()
    return machine


def describe_versions() -> dict[str, str]:
    """List the versions of mmproto, torch and the OpenMMLab packages."""
    versions = {'mmproto': __version__}
    for name in ('torch', *FORKS, *STOCK):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _cpu_model() -> str:
    if CPU_INFO.is_file():  # Linux, where platform knows no more than x86_64
        text = CPU_INFO.read_text(encoding='utf-8')
        if found := re.search(r'^model name\s*: (.+)', text, re.MULTILINE):
            return found[1].strip()
    return platform.processor() or platform.machine()
