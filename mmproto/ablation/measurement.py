"""Measures a trained run with the tools that its model needs."""

from collections.abc import Mapping
from pathlib import Path

from mmengine.logging import print_log

from .key_numbers import (
    Figures,
    accuracy_figures,
    concept_figures,
    seconds_step,
    train_class_purity,
)
from .launching import FailedRun, launch, write_config
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
    length = (run.config.get('train_cfg') or {}).get('max_iters')
    return dict(
        **accuracy_figures(accuracy),
        **concept_figures(report),
        train_class_purity=purity,
        seconds_step=seconds_step(run.folder),
        iterations=None if length is None else float(length),
    )


def _newest_metrics(folder: Path) -> dict:
    """What mmengine's runner wrote when it tested last."""
    return read_json(max(folder.glob('*/*.json')))
