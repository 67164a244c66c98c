"""Measures a trained run with the tools that its model needs."""

from collections.abc import Mapping
from pathlib import Path

from mmengine.logging import print_log

from .configs import projection_iteration, training_length
from .key_numbers import (
    Figures,
    accuracy_figures,
    concept_figures,
    train_class_purity,
)
from .launching import FailedRun, launch, write_config
from .logs import device_memory, read_logs, seconds_step, validated_miou
from .runs import Run, read_json


def measure(run: Run, tools: Path, interval: int) -> Figures:
    """Measure the last checkpoint.

    Args:
        run: A trained one.
        tools: With ``test.py`` and ``analysis_tools``.
        interval: Of the images that are measured again.

    Raises:
        FailedRun: There is no checkpoint, or the measurement failed.
    """
    checkpoint = run.last_checkpoint()
    if checkpoint is None:
        raise FailedRun(f'its training left no checkpoint in {run.folder}')
    config = write_config(run, resume=True)
    log = run.folder / 'measure.log'
    folder = run.folder / 'measured'
    out = run.folder / 'explanations.json'
    explained = has_concepts(run.config)
    tool = Path('analysis_tools', 'evaluate_explanations.py')
    script = tools / (tool if explained else 'test.py')
    command = [script, config, checkpoint, '--work-dir', folder]
    if explained:
        command += ['--out', out, '--interval', interval]
    print_log(f'row {run.name}: measuring, see {log}', logger='current')
    launch(command, log)
    report = read_json(out) if explained else None
    accuracy = report['accuracy'] if report else _newest_metrics(folder)
    return _figures(run, accuracy, report)


def has_concepts(config: Mapping) -> bool:
    """Whether the metrics of explanations can look at the model."""
    head = config['model'].get('decode_head') or {}
    return (
        isinstance(head, Mapping)
        and head['type'].rpartition('.')[2] == 'PrototypeHead'
    )


def _figures(run: Run, accuracy: Mapping, report: Mapping | None) -> Figures:
    purity = None
    record = run.folder / 'projection.json'
    if report is not None and record.is_file():
        sizes = report['metrics']['ExplanationSizeMetric']['per_concept']
        purity = train_class_purity(read_json(record), sizes['classes'])
    return dict(
        **accuracy_figures(accuracy),
        **concept_figures(report),
        train_class_purity=purity,
        **_training_figures(run),
    )


def _training_figures(run: Run) -> Figures:
    """What training all stages of a run took, and what it logged."""
    entries = read_logs(*(stage.folder for stage in run.stages))
    peaks = [stage.read_state().get('memory_mb') for stage in run.stages]
    host = max((peak for peak in peaks if peak is not None), default=None)
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
    """The mIoU right before prototypes were projected for the last time."""
    for stage in reversed(run.stages):
        iteration = projection_iteration(stage.config)
        if iteration is not None:
            return validated_miou(read_logs(stage.folder), iteration)
    return None


def _newest_metrics(folder: Path) -> dict:
    """What mmengine's runner wrote when it tested last."""
    return read_json(max(folder.glob('*/*.json')))
