"""A comparison of systems of equal budget: one table and its data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .equal_budget import Stages, join, total_samples
from .results import group_figures
from .runs import Run
from .table import markdown_table

NOTES = (
    'mIoU is measured with the final weights, after projection; mIoU before '
    'projection at the iteration right before prototypes are moved for the '
    'last time. Memory is the peak of the training process, on a GPU that of '
    'its tensors. For a system of several stages, steps and memory cover all '
    'of them.'
)


def comparison_data(
    records: Sequence[Mapping],
    runs: Sequence[Run],
    lengths: Mapping[str, Stages],
    images: int,
    epochs: float | None,
    command: str,
) -> dict[str, Any]:
    """Collect all that is known of a comparison, in plain types.

    Args:
        records: Of :func:`~mmproto.ablation.results.load_records`. Dates,
            machines and versions come from them, so that writing the same
            results again gives the same file.
        runs: Of the compared systems, done or not.
        lengths: Of all stages of each system.
        images: Number of training images.
        epochs: The budget in passes over them; ``None`` if the configs set
            it.
        command: The command line that compares.
    """
    if epochs is None:
        samples = max(map(total_samples, lengths.values()))
        epochs = round(samples / images, 3)
    done = {(record['row'], record['seed']) for record in records}
    return dict(
        command=command,
        dates=sorted({record['date'] for record in records}),
        machines=_distinct(record['machine'] for record in records),
        versions=_distinct(record['versions'] for record in records),
        budget=dict(
            epochs=epochs,
            images=images,
            stages=dict(lengths),
        ),
        seeds=sorted({run.seed for run in runs}),
        missing=[
            run.name
            for run in runs
            if not run.row.stage and (run.row.name, run.seed) not in done
        ],
        rows=group_figures(records),
    )


def comparison_text(
    data: Mapping[str, Any], columns: Sequence[str], figure: str
) -> str:
    """Write the comparison as Markdown.

    Args:
        data: Of :func:`comparison_data`.
        columns: Names of figures.
        figure: Name of the picture beside the text.
    """
    dates = data['dates']
    facts = {
        'Command': f'`{data["command"]}`',
        'Date': ' to '.join(dict.fromkeys([dates[0], dates[-1]])),
        'Machine': '; '.join(map(_pairs_text, data['machines'])),
        'Versions': '; '.join(map(_pairs_text, data['versions'])),
        'Budget': _budget_text(data['budget']),
        'Seeds': ', '.join(map(str, data['seeds'])),
    }
    if data['missing']:
        facts['Not there yet'] = '; '.join(data['missing'])
    lines = [f'* {name}: {value}' for name, value in facts.items()]
    table = markdown_table(data['rows'], columns)
    picture = f'![accuracy against sparsity]({figure})'
    return '\n'.join([*lines, '', table, NOTES, '', picture, ''])


def _pairs_text(pairs: Mapping[str, Any]) -> str:
    return ', '.join(f'{name} {value}' for name, value in pairs.items())


def _budget_text(budget: Mapping[str, Any]) -> str:
    """Group systems with the same iterations and samples per step."""
    systems: dict[str, list[str]] = {}
    for name, stages in budget['stages'].items():
        systems.setdefault(join(stages), []).append(name)
    each = '; '.join(f'{k} ({", ".join(v)})' for k, v in systems.items())
    return (
        f'{budget["epochs"]:g} epochs of {budget["images"]} images; '
        f'iterations x samples per step: {each}'
    )


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list({str(value): value for value in values}.values())
