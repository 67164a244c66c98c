"""Train and measure the runs of a sweep."""

import logging
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.fileio import load
from mmengine.logging import print_log

from mmproto.evaluation.class_iou import count_classes
from mmproto.utils.files import write_json

from .key_numbers import Figures
from .launching import FailedRun, launch
from .measurement import run_figures
from .options import type_name
from .results import result_record
from .runs import Run, check_unchanged


def check_runs(runs: Sequence[Run]) -> None:
    """Refuse what could only fail after hours.

    Args:
        runs: Those that are about to be carried out.

    Raises:
        ValueError: A config has changed since an earlier attempt, or a
            checkpoint to start from is missing and will not be made.
    """
    for run in runs:
        check_unchanged(run)
        origin, start = run.origin, run.start
        if run.done or origin is None or not run.lacks_start:
            continue
        if origin not in runs:
            raise ValueError(
                f'row {run.name} starts from {start}, which is missing: '
                f'train row {origin.row.name} too'
            )
        if origin.result.is_file() or origin.trained:
            raise ValueError(
                f'row {run.name} starts from {start}, which is missing, '
                f'though row {origin.name} is trained: remove '
                f'{origin.result} and {origin.folder} to train it again'
            )


def carry_out(
    runs: Sequence[Run], tools: str | Path, interval: int = 5
) -> list[Run]:
    """Train and measure what is not done yet, one run after the other.

    Args:
        runs: Each after the one that it starts from.
        tools: Folder of ``train.py``, ``test.py`` and ``analysis_tools``.
        interval: Every how many images one is measured again.

    Returns:
        The runs that failed; their folders record the failure.

    Raises:
        ValueError: A run could only fail after hours.
    """
    check_runs(runs)
    failed = []
    for run in runs:
        if run.done:
            print_log(f'row {run.name}: done before', logger='current')
            continue
        try:
            run.write_state(failed=None)
            train(run, Path(tools))
            if run.row.stage:
                continue
            figures = measure(run, Path(tools), interval)
            write_json(result_record(run, figures, interval), run.result)
        except FailedRun as error:
            run.write_state(failed=str(error))
            failed.append(run)
            print_log(
                f'row {run.name} failed: {error}',
                logger='current',
                level=logging.ERROR,
            )
    return failed


def train(run: Run, tools: Path) -> None:
    """Train a run, from its newest checkpoint if there is one.

    A row with a start resumes from the checkpoint of another row; one that
    comes after another begins with its weights, at iteration 0.

    Args:
        run: Its folder receives all files.
        tools: Folder of ``train.py``.

    Raises:
        FailedRun: The training failed.
    """
    if run.trained:
        return
    if run.lacks_start:
        raise FailedRun(f'there is no {run.start} to start from')
    resume = run.last_checkpoint() is not None
    # mmengine would prefer a checkpoint that the config names to its own
    weights = None if resume else run.start or run.config.get('load_from')
    config = _write_config(run, weights)
    log = run.folder / 'train.log'
    command = [tools / 'train.py', config, '--work-dir', run.folder]
    if resume or run.row.start is not None:
        command.append('--resume')
    print_log(f'row {run.name}: training, see {log}', logger='current')
    launch(command, log, run.note_memory)
    run.write_state(trained=True)


def measure(run: Run, tools: Path, interval: int) -> Figures:
    """Measure the last checkpoint with the tool that its model needs.

    Args:
        run: A trained one.
        tools: Folder of ``test.py`` and ``analysis_tools``.
        interval: Every how many images one is measured again.

    Raises:
        FailedRun: There is no checkpoint, or the measurement failed.
    """
    checkpoint = run.last_checkpoint()
    if checkpoint is None:
        raise FailedRun(f'its training left no checkpoint in {run.folder}')
    config = _write_config(run, None)
    log = run.folder / 'measure.log'
    folder = run.folder / 'measured'
    print_log(f'row {run.name}: measuring, see {log}', logger='current')
    arguments = [config, checkpoint, '--work-dir', folder]
    if type_name(run.config['model'].get('decode_head')) != 'PrototypeHead':
        launch([tools / 'test.py', *arguments], log)
        # of what mmengine's runner wrote, the newest
        return run_figures(run, load(max(folder.glob('*/*.json'))), None)
    out = run.folder / 'explanations.json'
    tool = tools / 'analysis_tools' / 'evaluate_explanations.py'
    launch([tool, *arguments, '--out', out, '--interval', interval], log)
    report = load(out)
    return run_figures(run, report['accuracy'], report)


def _write_config(run: Run, load_from: Path | str | None) -> Path:
    """Write the complete config of a run into its folder."""
    config = Config(run.config)
    config.test_evaluator = count_classes(config.get('test_evaluator'))
    config.load_from = str(load_from) if load_from else None
    path = run.folder / 'config.py'
    config.dump(path)
    return path
