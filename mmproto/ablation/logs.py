"""Figures that a training itself has logged."""

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import median


def read_logs(*folders: str | Path) -> list[dict]:
    """All that mmengine logged as numbers, oldest first in each folder.

    Args:
        folders: Work dirs of trainings; after a resume there are several
            logs in one.
    """
    entries = []
    for folder in folders:
        # mmengine names the folder of a log by the time of its beginning
        for path in sorted(Path(folder).glob('*/vis_data/scalars.json')):
            for line in path.read_text(encoding='utf-8').splitlines():
                try:
                    entries.append(json.loads(line))
                except ValueError:  # torn when the training was stopped
                    continue
    return entries


def seconds_step(entries: Iterable[dict]) -> float | None:
    """Median time of a training step, in seconds."""
    # entries without a learning rate are of validation
    times = [e['time'] for e in entries if 'lr' in e and 'time' in e]
    return median(times) if times else None


def device_memory(entries: Iterable[dict]) -> float | None:
    """Peak memory of the GPU, in MB; ``None`` without one."""
    return max((e['memory'] for e in entries if 'memory' in e), default=None)


def validated_miou(entries: Iterable[dict], iteration: int) -> float | None:
    """The mIoU of the validation after so many iterations, in percent.

    Args:
        entries: Of one training; of several such validations the last counts.
        iteration: Those that were made until then.
    """
    at = [e for e in entries if 'mIoU' in e and e.get('step') == iteration]
    return at[-1]['mIoU'] if at else None
