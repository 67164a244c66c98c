"""The figures of a trained run: from its report, projection and logs."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median

from mmengine.fileio import load

from .configs import projection_iteration, training_length
from .key_numbers import (
    Figures,
    accuracy_figures,
    concept_figures,
    train_class_purity,
)
from .runs import Run


def run_figures(
    run: Run, accuracy: Mapping, report: Mapping | None
) -> Figures:
    """Collect all figures of a run.

    Args:
        run: A trained one.
        accuracy: As ``tools/test.py`` names it.
        report: Of ``evaluate_explanations.py``; ``None`` for a model without
            concepts.
    """
    purity = None
    record = run.folder / 'projection.json'
    if report is not None and record.is_file():
        sizes = report['metrics']['ExplanationSizeMetric']['per_concept']
        purity = train_class_purity(load(record), sizes['classes'])
    return dict(
        **accuracy_figures(accuracy),
        **concept_figures(report),
        train_class_purity=purity,
        **_training_figures(run),
    )


def read_logs(*folders: str | Path) -> list[dict]:
    """Read all numbers that mmengine logged, oldest first in each folder.

    Args:
        folders: Work dirs of trainings; a resumed one holds several logs.
    """
    entries = []
    for folder in folders:
        # mmengine names the folder of a log by its time
        for path in sorted(Path(folder).glob('*/vis_data/scalars.json')):
            for line in path.read_text(encoding='utf-8').splitlines():
                try:
                    entries.append(json.loads(line))
                except ValueError:  # torn when the training was stopped
                    continue
    return entries


def seconds_step(entries: Iterable[dict]) -> float | None:
    """Return the median time of a training step, in seconds."""
    # entries without a learning rate are of validation
    times = [e['time'] for e in entries if 'lr' in e and 'time' in e]
    return median(times) if times else None


def device_memory(entries: Iterable[dict]) -> float | None:
    """Return the peak memory of the GPU in MB, ``None`` without one."""
    return max((e['memory'] for e in entries if 'memory' in e), default=None)


def validated_miou(entries: Iterable[dict], iteration: int) -> float | None:
    """Return the mIoU of the validation after an iteration, in percent.

    Args:
        entries: Of one training; of several such validations the last counts.
        iteration: Number of training steps made before it.
    """
    at = [e for e in entries if 'mIoU' in e and e.get('step') == iteration]
    return at[-1]['mIoU'] if at else None


def _training_figures(run: Run) -> Figures:
    """Return the cost of training all stages, and mIoU before projection."""
    entries = read_logs(*(stage.folder for stage in run.stages))
    peaks = [stage.read_state().get('memory_mb') or 0 for stage in run.stages]
    host = max(peaks) or None
    device = device_memory(entries)
    lengths = [training_length(stage.config) for stage in run.stages]
    known = [float(length) for length in lengths if length is not None]
    return dict(
        miou_before=_miou_before(run),
        seconds_step=seconds_step(entries),
        memory_mb=host if device is None else device,
        iterations=sum(known) if known else None,
    )


def _miou_before(run: Run) -> float | None:
    """Return the mIoU right before the last projection of prototypes."""
    for stage in reversed(run.stages):
        iteration = projection_iteration(stage.config)
        if iteration is not None:
            return validated_miou(read_logs(stage.folder), iteration)
    return None
