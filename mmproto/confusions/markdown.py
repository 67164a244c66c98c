"""The list of confusions that people take along."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from mmproto.utils.markdown import escape, table

from .text import concept_label, find_concept, sentence, title

MOST_CLASSES = 4  # of one concept that are listed
READING = """\
Evidence adds up: at every wrong pixel, the lead of the predicted over the true
class is the sum of what the concepts contribute to it, and the concept with
the largest part leads. That describes a mistake. What a concept causes is
seen by predicting again without it: how many wrong pixels become right, and
how many right ones wrong.
"""


def markdown(data: dict, folder: Path, sheets: Sequence[str]) -> str:
    """Write the list.

    Args:
        data: Of :func:`~mmproto.confusions.table.confusion_data`.
        folder: In which the list lies; links start there.
        sheets: Contact sheets of the first confusions, in their order.
    """
    parts = ['# Confusions by concept', _overview(data), READING.rstrip()]
    parts += [f'* {escape(note)}' for note in data['notes']]
    rows = data['confusions'][: len(sheets)]
    for number, (row, sheet) in enumerate(zip(rows, sheets), 1):
        parts += _section(number, data, row, sheet, folder)
    if data['concepts']:
        parts += ['## All concepts in use', _concepts(data)]
    return '\n\n'.join(parts) + '\n'


def _overview(data: dict) -> str:
    files = (data[key] for key in ('checkpoint', 'config', 'split'))
    checkpoint, config, split = map(escape, files)
    text = (
        f'{checkpoint} with {config}, split {split}: {data["num_images"]:,} '
        f'images, {data["labelled_pixels"]:,} labelled pixels, '
    )
    if not data['labelled_pixels']:
        return f'{text}so nothing can be wrong.'
    if not data['wrong_pixels']:
        return f'{text}none of them wrong.'
    share = data['wrong_pixels'] / data['labelled_pixels']
    return f'{text}{data["wrong_pixels"]:,} of them wrong ({share:.2%}).'


def _section(
    number: int, data: dict, row: dict, sheet: str, folder: Path
) -> list[str]:
    """Paragraphs about one confusion."""
    places = [
        f'* {_link(place["image"], folder)}: '
        f'x {place["box"][0]} to {place["box"][2] - 1}, '
        f'y {place["box"][1]} to {place["box"][3] - 1}, '
        f'{place["pixels"]:,} wrong pixels'
        for place in row['places']
    ]
    parts = [
        f'## {number}. {title(data, row, escape)}',
        sentence(data, row, escape),
        f'[Contact sheet]({quote(sheet)}). Largest places:',
        '\n'.join(places),
    ]
    concept = find_concept(data, row['concept'])
    if concept is not None:
        net = concept['mended'] - concept['broken']
        command = (
            f'python tools/edit_concepts.py {shlex.quote(data["config"])} '
            f'{shlex.quote(data["checkpoint"])} '
            f'--disable {row["concept"]} --by "" --reason ""'
        )
        parts += [
            f'To switch concept {row["concept"]} off ({net:+,} right pixels '
            'in all), fill in who wants it and why:',
            f'```bash\n{command}\n```',
        ]
    return parts


def _concepts(data: dict) -> str:
    """What every concept leads, mends and breaks, the most leading first."""
    header = (
        'concept', 'weights', 'leads wrong pixels', 'most of them',
        'without it: right', 'without it: wrong', 'net',
    )  # fmt: skip
    rows = [
        (
            concept_label(concept, escape),
            _weights(concept),
            f'{concept["led"]:,}',
            _largest(data, concept),
            f'{concept["mended"]:,}',
            f'{concept["broken"]:,}',
            f'{concept["mended"] - concept["broken"]:+,}',
        )
        for concept in sorted(data['concepts'], key=lambda c: -c['led'])
    ]
    return table(header, rows)


def _weights(concept: dict) -> str:
    weights = [
        f'{escape(w["name"])} {w["weight"]:.2f}'
        for w in sorted(concept['class_weights'], key=_strength)
    ]
    rest = len(weights) - MOST_CLASSES
    more = [f'{rest} more'] if rest > 0 else []
    return ', '.join(weights[:MOST_CLASSES] + more)


def _strength(weight: dict) -> float:
    return -abs(weight['weight'])


def _largest(data: dict, concept: dict) -> str:
    """The confusion that most of the pixels belong to which it leads."""
    for row in data['confusions']:  # most pixels first
        if row['concept'] == concept['concept'] and row['pixels']:
            names = row['truth']['name'], row['predicted']['name']
            truth, predicted = (escape(name) for name in names)
            return f'{truth} taken for {predicted}'
    return '-'


def _link(image: str, folder: Path) -> str:
    there = os.path.relpath(Path(image).resolve(), folder.resolve())
    name = escape(Path(image).name)
    return f'[{name}](./{quote(Path(there).as_posix())})'
